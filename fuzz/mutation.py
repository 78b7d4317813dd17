"""Random changes of bytes, with the words of HTTP: for runs without a coverage-guided fuzzer."""

from random import Random

#: What a fuzzer would take long to find by itself.
WORDS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\n\n",
    b"\0",
    b"\t",
    b" ",
    b"\x0b",
    b"\x85",
    b"\xa0",
    b":",
    b";",
    b",",
    b"=",
    b'"',
    b"\\",
    b"GET ",
    b"HEAD ",
    b"CONNECT ",
    b"OPTIONS * ",
    b"http://h/",
    b" HTTP/1.1\r\n",
    b" HTTP/1.0\r\n",
    b" HTTP/2.0\r\n",
    b"Host: h\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: ",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: ",
    b"chunked",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Expect: 100-continue\r\n",
    b"Upgrade: x\r\n",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
    b'1;a="b"\r\nx\r\n',
    b"X: y\r\n",
    b"fffffffffffffff",
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
)


def mutate(data: bytes, others: list[bytes], random: Random) -> bytes:
    """Return `data` changed in one place to four."""
    for _ in range(random.randint(1, 4)):
        data = _change(data, others, random)
    return data


def _change(data: bytes, others: list[bytes], random: Random) -> bytes:
    start = random.randint(0, len(data))
    end = min(len(data), start + random.randint(0, 8))
    kind = random.randrange(6)
    if kind == 0:  # Another byte.
        return data[:start] + bytes([random.randrange(256)]) + data[start + 1 :]
    if kind == 1:  # Less.
        return data[:start] + data[end:]
    if kind == 2:  # A word put in.
        return data[:start] + random.choice(WORDS) + data[start:]
    if kind == 3:  # A word put in the place of something.
        return data[:start] + random.choice(WORDS) + data[end:]
    if kind == 4:  # Something twice.
        return data[:end] + data[start:end] + data[end:]
    other = random.choice(others)  # The end of another.
    return data[:start] + other[random.randint(0, len(other)) :]
