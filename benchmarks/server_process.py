"""A server in a process of its own, on a core of its own: started, asked, watched and stopped."""

import contextlib
import http.client
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.applications import BODY, FIELDS, LARGE_BODY, LIFETIME_SECONDS
from benchmarks.failure import MeasurementError
from benchmarks.served_files import SMALL, read_content
from benchmarks.servers import ROOT, SERVERS, START_SECONDS, Options, make_arguments

SERVER_CORE, LOAD_CORE = 0, 1
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

#: The fields of /proc/PID/stat behind the name, which may contain anything (proc_pid_stat(5)).
_SESSION, _USER, _SYSTEM, _RESIDENT = 3, 11, 12, 21


@dataclass(frozen=True)
class Question:
    """What is asked before a scenario begins, and the body that answers it."""

    #: None: each server has its own, in which `parts` are.
    answer: bytes | None = BODY
    parts: tuple[bytes, ...] = ()
    status: int = 200
    path: str = "/"
    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    def is_answered_by(self, status: int, body: bytes) -> bool:
        if status != self.status or (self.answer is not None and body != self.answer):
            return False
        return all(part in body for part in self.parts)


#: By the application.
QUESTIONS = {
    "hello": Question(),
    "setup": Question(),
    "slow": Question(),
    "computing": Question(),
    "large": Question(LARGE_BODY),
    "fields": Question(
        "".join(f"{name.lower()} of mine\n" for name in FIELDS).encode(),
        fields=tuple((name, f"{name.lower()} of mine") for name in FIELDS),
    ),
    "files": Question(read_content(SMALL), path=f"/{SMALL}"),
    "echo": Question(bytes(range(256)) * 40, method="POST", body=bytes(range(256)) * 40),
}


@dataclass(frozen=True)
class ServerProcess:
    name: str
    process_id: int
    port: int
    is_secure: bool
    log: Path | None

    @property
    def url(self) -> str:
        return f"{'https' if self.is_secure else 'http'}://127.0.0.1:{self.port}/"

    def find_processes(self) -> list[int]:
        """Return the ids of all processes of the server: those of its session."""
        return [process_id for process_id, _ in self._each_status()]

    def read_processor_seconds(self) -> float:
        """Return what all of them have used of the processor, in user mode and in the kernel."""
        ticks = sum(int(of[_USER]) + int(of[_SYSTEM]) for _, of in self._each_status())
        return ticks / TICKS_PER_SECOND

    def read_resident_bytes(self) -> int:
        return sum(int(of[_RESIDENT]) for _, of in self._each_status()) * PAGE_BYTES

    def _each_status(self) -> Iterator[tuple[int, list[str]]]:
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    text = Path(entry.path, "stat").read_text("latin-1")
                    of = text.rpartition(")")[2].split()
                    if int(of[_SESSION]) == self.process_id:
                        yield int(entry.name), of

    def check_answer(self, question: Question) -> http.client.HTTPMessage:
        """Ask twice over one connection, and return the fields of the answer.

        Raises `MeasurementError` unless that is right.
        """
        client = self._connect()
        with contextlib.closing(client):
            for _ in range(2):
                try:
                    client.request(
                        question.method, question.path, question.body, dict(question.fields)
                    )
                    response = client.getresponse()
                    body = response.read()
                except (OSError, http.client.HTTPException) as error:
                    raise MeasurementError(f"no answer: {error!r}") from error
                closes = SERVERS[self.name].closes
                if (
                    not question.is_answered_by(response.status, body)
                    or response.will_close != closes
                ):
                    raise MeasurementError(
                        f"a wrong answer: {response.status}, {body[:40]!r}, "
                        f"{'closes' if response.will_close else 'stays'}"
                    )
        return response.headers

    def _connect(self) -> http.client.HTTPConnection:
        if not self.is_secure:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        # Who it is was settled when it was started; what counts here is the answer.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=context)


@contextlib.contextmanager
def running(name: str, options: Options) -> Iterator[ServerProcess]:
    """Run a server, its output thrown away, or kept in a file where it is to log requests."""
    with contextlib.ExitStack() as stack:
        log = None
        if options.logs:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            log = Path(folder, "requests.log")
        server, process = start(name, options, log)
        stack.callback(stop, process)
        wait_until_listening(process, server)
        server.check_answer(QUESTIONS[options.application])
        yield server


def start(
    name: str, options: Options, log: Path | None = None
) -> tuple[ServerProcess, subprocess.Popen[bytes]]:
    port = find_free_port()
    with open(log or os.devnull, "wb") as output:
        process = subprocess.Popen(
            make_arguments(name, options, port),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # A session of its own: by it all processes of a server are found.
            start_new_session=True,
            preexec_fn=prepare_process,
        )
    return ServerProcess(name, process.pid, port, options.certificate is not None, log), process


def stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=START_SECONDS)


def prepare_process() -> None:
    pin_to(SERVER_CORE)
    signal.alarm(LIFETIME_SECONDS)


def pin_to(core: int) -> None:
    """Keep this process and its children on one core, where there are several."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until_listening(
    process: subprocess.Popen[bytes], server: ServerProcess, pause_seconds: float = 0.02
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", server.port), 1).close()
            return
        time.sleep(pause_seconds)
    raise MeasurementError(f"it does not start: {explain(process)}")


def explain(process: subprocess.Popen[bytes]) -> str:
    """Run the command once more, and return the last line that it says."""
    try:
        again = subprocess.run(
            process.args, cwd=ROOT, capture_output=True, timeout=3, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        return "and the next time it does not end"
    lines = (again.stderr + again.stdout).strip().splitlines()
    return lines[-1] if lines else f"status {again.returncode}, without a word"
