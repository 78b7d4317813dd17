"""The handler classes that both servers run: the same source over another base class.

`build_handlers` takes the module that has ``BaseHTTPRequestHandler`` and
``SimpleHTTPRequestHandler``: CPython's ``http.server``, or this package. A probe answers a path
``/route-name`` with its method ``answer_route_name``; each of these does one thing that handlers
do, the wrong things included. Any other path is answered with all that the handler was told.
"""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

#: A handler class, or a partial of one.
HandlerFactory = Callable[..., Any]

#: More than a socket's buffers and pipes hold at once, to see a large answer whole.
LARGE_BODY = bytes(range(256)) * 1200


class Comparable:
    """Leaves out what would make every answer differ and say nothing."""

    #: The default page changed in CPython 3.15; one conversation compares it.
    error_message_format = "%(code)d|%(message)s|%(explain)s\n"

    def log_message(self, *args: Any) -> None:
        """Drop it: the conversations are compared, not the logs."""


class TellsTheRequest:
    """Answers with the request as the handler sees it."""

    def tell(self) -> None:
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(int(length)) if length.isdecimal() else b""
        told = [self.command, self.path, self.request_version, self.requestline]
        told += [f"{name}: {value}" for name, value in self.headers.items()]
        text = "\n".join([*map(ascii, told), ascii(body)])
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_whole(text.encode("ascii"))

    def send_whole(self, body: bytes) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Responses:
    """One method for each way in which a handler answers."""

    def answer_hello(self) -> None:
        self.send_response(200)
        self.send_whole(b"Hello\n")

    def answer_large(self) -> None:
        self.send_response(200)
        self.send_whole(LARGE_BODY)

    def answer_in_pieces(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", 6)
        self.end_headers()
        for piece in (b"He", bytearray(b"ll"), memoryview(b"o\n")):
            self.wfile.write(piece)
            self.wfile.flush()

    def answer_no_length(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"Hello\n")

    def answer_no_length_but_close(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"Hello\n")

    def answer_no_length_flushed(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Hel")
        self.wfile.flush()
        self.wfile.write(b"lo\n")

    def answer_close_connection(self) -> None:
        self.close_connection = True
        self.answer_hello()

    def answer_keep_alive(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "keep-alive")
        self.send_whole(b"Hello\n")

    def answer_own_chunks(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"6\r\nHello\n\r\n0\r\n\r\n")

    def answer_raw(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 Fine\r\nX-Raw: yes\r\n\r\nHello\n")
        self.close_connection = True

    def answer_raw_keep_alive(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 Fine\r\nContent-Length: 6\r\n\r\nHello\n")

    def answer_nothing(self) -> None:
        """Return without a word."""

    def answer_head_never_ended(self) -> None:
        self.send_response(200)
        self.send_header("X-Lost", "yes")

    def answer_head_only(self) -> None:
        self.send_response(200)
        self.end_headers()

    def answer_status_only(self) -> None:
        self.send_response_only(200)
        self.end_headers()

    def answer_early_hints(self) -> None:
        self.send_response_only(103)
        self.send_header("Link", "</style.css>; rel=preload")
        self.end_headers()
        self.answer_hello()

    def answer_fields_before_status(self) -> None:
        self.send_header("X-Early", "yes")
        self.answer_hello()

    def answer_fields_after_the_end(self) -> None:
        self.answer_hello()
        self.send_header("X-Late", "yes")

    def answer_edited_fields(self) -> None:
        self.send_response(200)
        self.send_header("X-Removed", "yes")
        del self._headers_buffer[-1]
        self._headers_buffer.append(b"X-Added: yes\r\n")
        self.send_whole(b"Hello\n")

    def answer_repeated_fields(self) -> None:
        self.send_response(200)
        for crumb in ("a=1", "b=2"):
            self.send_header("Set-Cookie", crumb)
        self.send_header("x-lower-CASE", "Kept")
        self.send_whole(b"")

    def answer_latin_field(self) -> None:
        self.send_response(200)
        self.send_header("X-Latin", "D\u00e4ngerous")
        self.send_whole(b"")

    def answer_foreign_field(self) -> None:
        self.send_response(200)
        self.send_header("X-Foreign", "\u20ac")
        self.send_whole(b"")

    def answer_injected_field(self) -> None:
        self.send_response(200)
        self.send_header("X-Name", "value\r\nX-Injected: yes")
        self.send_whole(b"")

    def answer_injected_name(self) -> None:
        self.send_response(200)
        self.send_header("X-Injected: yes\r\nX-Name", "value")
        self.send_whole(b"")

    def answer_injected_reason(self) -> None:
        self.send_response(200, "OK\r\nX-Injected: yes")
        self.send_whole(b"")

    def answer_injected_error(self) -> None:
        self.send_error(400, "Bad\r\nX-Injected: yes")

    def answer_own_reason(self) -> None:
        self.send_response(200, "Fine")
        self.send_whole(b"Hello\n")

    def answer_no_reason(self) -> None:
        self.send_response(299)
        self.send_whole(b"Hello\n")

    def answer_own_server_and_date(self) -> None:
        self.send_response_only(200)
        self.send_header("X-Server", "none")
        self.send_whole(b"Hello\n")

    def answer_too_long(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"Hello\n")

    def answer_too_short(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "60")
        self.end_headers()
        self.wfile.write(b"Hello\n")

    def answer_twice(self) -> None:
        self.answer_hello()
        self.answer_hello()

    def answer_text(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write("Hello\n")

    def answer_status(self) -> None:
        """A status of the client's choice, with a body that some statuses may not have."""
        self.send_response(int(self.query()))
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"Hello\n")

    def answer_empty_status(self) -> None:
        self.send_response(int(self.query()))
        self.end_headers()

    def answer_error(self) -> None:
        self.send_error(int(self.query()))

    def answer_explained_error(self) -> None:
        self.send_error(404, "No <such> thing", "It & others are\ngone")

    def answer_own_error_page(self) -> None:
        self.error_message_format = "<%(message)s>"
        self.error_content_type = "text/plain"
        self.send_error(403)

    def answer_raises(self) -> None:
        raise LookupError("a handler's own fault")

    def answer_raises_amid_fields(self) -> None:
        self.send_response(200)
        self.answer_raises()

    def answer_raises_amid_body(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "12")
        self.end_headers()
        self.wfile.write(b"Hello\n")
        self.answer_raises()

    def answer_raises_afterwards(self) -> None:
        self.answer_hello()
        self.answer_raises()

    def answer_times_out(self) -> None:
        raise TimeoutError("a handler's own time-out")

    def answer_reads_to_the_end(self) -> None:
        body = self.rfile.read()
        self.send_response(200)
        self.send_whole(ascii(body).encode("ascii"))

    def answer_reads_lines(self) -> None:
        lines = [self.rfile.readline(), self.rfile.read(2), self.rfile.read1(2)]
        self.send_response(200)
        self.send_whole(ascii(lines).encode("ascii"))

    def answer_reads_nothing(self) -> None:
        self.answer_hello()


def build_handlers(module: ModuleType, directory: Path) -> Mapping[str, HandlerFactory]:
    """The handlers by the names that the table of requests uses."""

    class Probe(Comparable, TellsTheRequest, Responses, module.BaseHTTPRequestHandler):
        def query(self) -> str:
            return self.path.partition("?")[2]

        def respond(self) -> None:
            route = self.path.partition("?")[0].strip("/").replace("-", "_")
            getattr(self, f"answer_{route}", self.tell)()

        do_GET = do_HEAD = do_POST = do_PUT = do_OPTIONS = do_CONNECT = respond

    # A method may be any token; this one cannot be spelt as a name.
    setattr(Probe, "do_M-SEARCH", Probe.respond)

    class PersistentProbe(Probe):
        protocol_version = "HTTP/1.1"

    class ClassicDefault(PersistentProbe):
        # What CPython's own tests use, so that refusals have a head.
        default_request_version = "HTTP/1.1"

    class DefaultPage(PersistentProbe):
        error_message_format = module.DEFAULT_ERROR_MESSAGE

    class Refusing(PersistentProbe):
        def handle_expect_100(self) -> bool:
            self.send_error(417)
            return False

    class Files(Comparable, module.SimpleHTTPRequestHandler):
        pass

    class PersistentFiles(Files):
        protocol_version = "HTTP/1.1"

    return {
        "1.0": Probe,
        "1.1": PersistentProbe,
        "1.1, errors with a head": ClassicDefault,
        "1.1, default error page": DefaultPage,
        "1.1, refuses Expect": Refusing,
        "files": functools.partial(Files, directory=str(directory)),
        "files 1.1": functools.partial(PersistentFiles, directory=str(directory)),
    }
