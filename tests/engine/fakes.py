"""Fakes of what the engine talks to: a clock that stands still, a protocol of one line."""

from basehttpserver._exchange import AT_ONCE, RequestHead, Verdict


class Clock:
    """A clock that only the test moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Watcher:
    """A sentinel without a thread: it notes whom it watches."""

    def __init__(self):
        self.watched = []

    def watch(self, output):
        self.watched.append(output)
        return True

    def forget(self, output):
        self.watched.remove(output)


class LineProtocol:
    """Heads are lines; a number behind a colon is the length of the body."""

    def __init__(self, settings=None):
        self.received = b""
        self.has_eof = False
        self.body_left = 0
        self.has_response = False
        self.is_tunnel = False
        self.wire = []
        self.taken_over = False
        #: What the handler has sent by itself.
        self.sent_aside = []
        self.finished = []
        self.verdict = Verdict.KEEP
        self.body_error = None

    @property
    def has_partial_head(self):
        return bool(self.received)

    @property
    def is_idle(self):
        return not (self.received or self.has_eof or self.body_left or self.taken_over)

    @property
    def is_over(self):
        return self.has_eof

    @property
    def pending_bytes(self):
        return sum(map(len, self.wire))

    def receive(self, data):
        self.received += bytes(data)

    def receive_eof(self):
        self.has_eof = True

    def receive_head(self, data):
        self.receive(data)
        return self.next_head()

    def next_head(self):
        line, newline, rest = self.received.partition(b"\n")
        if not newline:
            return None
        self.received = rest
        self.has_response = False
        self.body_left = int(line.partition(b":")[2] or 0)
        return RequestHead(line + newline, "GET", (1, 1), body_length=self.body_left)

    def refuse(self, error):
        self.received = b""
        self.body_left = 0
        return RequestHead(b"", "", (1, 1), keeps_alive=False, refusal=error)

    def read_body(self, size):
        if self.body_error is not None:
            raise self.body_error
        if not self.body_left and not self.taken_over:
            return b""
        if not self.received:
            return b"" if self.has_eof else None
        most = size if self.taken_over else min(size, self.body_left)
        data, self.received = self.received[:most], self.received[most:]
        self.body_left -= len(data)
        return data

    def begins_plainly(self, block):
        return block[9:10] in b"2345" and not self.has_response

    def try_end_plainly(self, block, body):
        return None

    def send_head(self, block, *, keeps_alive, is_last):
        self.has_response = True
        self.is_last = is_last
        self.wire.append(block)
        return self.pending_bytes

    def begins_tunnel(self, block):
        return block.startswith(b"switch")

    def ask_for_body(self):
        self.wire.append(b"go on\n")

    def turn_away(self):
        return b"busy\n"

    def refuse_plaintext(self):
        return b"no TLS\n"

    def send_body(self, data):
        self.has_response = True
        self.wire.append(bytes(data))
        return AT_ONCE if self.is_tunnel else self.pending_bytes

    def pass_body(self, count):
        self.has_response = True
        return count

    def stop_framing(self):
        pass

    def note_sent(self, data, count):
        self.has_response = True
        self.sent_aside.append((bytes(data), count))

    def peek(self, size):
        return self.received[:size]

    def begin_again(self):
        self.is_tunnel = False

    def take(self, *, last=False):
        wire, self.wire = self.wire, []
        return wire

    def finish(self, *, keep):
        self.finished.append(keep)
        return self.verdict if keep else Verdict.CLOSE

    def take_over(self):
        self.taken_over = True

    def complaints(self):
        return []
