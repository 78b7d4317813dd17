"""HTTP/1.0 and HTTP/1.1: bytes to exchanges and back, with no socket, clock, thread or log.

    grammar       the patterns, each under the rule of the RFC that it stands for
    head          finds the head of a request in the bytes, and checks it
    target        what it is addressed to: the forms of a target, and Host
    framing       where the body of a request ends, and whether the connection goes on
    chunked       the chunked transfer coding, both ways
    response      the head and body that a handler wrote, to bytes on the wire
    raw_response  the same, where a handler wrote its own head and body: is it one whole response
    connection    one connection: the pieces above in turn

The same bytes give the same result whatever way they are cut into packets.
"""

from basehttpserver._http1.connection import Http1Connection

__all__ = ["Http1Connection"]
