"""Clients that are many, or slow, or in a hurry; and how long their answers take."""

import contextlib
import os
import re
import socket
import statistics
import subprocess
import threading
import time

import pytest

from tests.running import PATIENCE_SECONDS
from tests.wire.conversation import conversation

#: How often a measurement may be repeated that the rest of the machine can spoil.
ATTEMPTS = 3


def latencies(where, seconds, meanwhile=lambda: None):
    """Ask for a hello over and over, each time on a new connection; return how long each took.

    `meanwhile` is called before each.
    """
    found = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        meanwhile()
        began = time.monotonic()
        with conversation(where) as client:
            client.get("/", "Connection: close").expect(200, b"hello")
        found.append(time.monotonic() - began)
    return found


def percentile(values, percent):
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def every(seconds, action):
    """Return what may be called often, and calls `action` every so many seconds."""
    due = time.monotonic()

    def call():
        nonlocal due
        if time.monotonic() >= due:
            due += seconds
            action()

    return call


def slow_reader(where):
    """Connect with a small window, so that what is not read stays at the server."""
    return conversation(where, receive_buffer=4096)


def hurry(client):
    """Let a slow reader read on with a large window."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    return client


@contextlib.contextmanager
def looping(where, count):
    """Keep `count` clients asking for a hello as fast as they get it."""
    stopped = threading.Event()
    failures = []

    def loop():
        try:
            with conversation(where) as client:
                while not stopped.is_set():
                    client.get().expect(200, b"hello")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=loop, name=f"client {number}") for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
    assert failures == []


def cores_apart():
    """Return a core for a server and one for its clients; ``None`` twice where there is but one."""
    if hasattr(os, "sched_getaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 1:
            return cores[0], cores[1]
    return None, None


@contextlib.contextmanager
def on_core(core):
    """Let what this thread starts run on one core only."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Wrk:
    """The load generator wrk at work on one URL, in one thread."""

    def __init__(self, path, url, *, connections, seconds, core=None, script=None):
        self._seconds = seconds
        options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "5s"]
        if script is not None:
            options += ["-s", str(script)]
        with on_core(core):
            self._process = subprocess.Popen(
                [path, *options, url],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()

    def finish(self):
        """Wait for the end; return requests per second, and how long 99 % took at most."""
        report, _ = self._process.communicate(timeout=self._seconds + PATIENCE_SECONDS)
        assert self._process.returncode == 0, report
        assert "Socket errors" not in report, report
        assert "Non-2xx" not in report, report
        rate = float(re.search(r"Requests/sec: +([\d.]+)", report)[1])
        number, unit = re.search(r"99% +([\d.]+)(us|ms|s|m)\b", report).groups()
        return rate, float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}[unit]


def want_in_one_attempt(measure):
    """Call `measure` until it finds nothing to complain of; fail when it always does.

    For what the rest of the machine can only make worse, never better: one good result shows that
    the server can, while a bad one may have many reasons.
    """
    complaints = []
    for _ in range(ATTEMPTS):
        complaint = measure()
        if not complaint:
            return
        complaints.append(complaint)
    pytest.fail("; ".join(complaints))
