"""What the machine refuses, and what handlers do that nobody expects."""

from tests.hostile.catalogue.row import Row

__all__ = ["FAULTS"]

SHORT = "hostile/test_short_resources.py"
WILD = "hostile/test_wild_handlers.py"

FAULTS = [
    Row(
        "no_descriptors",
        "no descriptors left: for the next connection, a file, a temporary file",
        "accepting rests and goes on later; 503; 507; the server lives",
        tests=(
            "wire/test_silent_clients.py::test_out_of_descriptors",
            f"{SHORT}::test_no_descriptors_for_connections",
            f"{SHORT}::test_no_descriptors_in_the_loop_of_socketserver",
            f"{SHORT}::test_no_descriptors_for_files",
            f"{SHORT}::test_no_temporary_file",
        ),
    ),
    Row(
        "no_memory",
        "memory refused to a handler, or to the server for one connection",
        "500 or a close; the server lives",
        tests=(
            f"{SHORT}::test_no_memory_for_a_handler",
            f"{SHORT}::test_no_memory_for_us",
            f"{SHORT}::test_no_descriptors_for_connections",
        ),
    ),
    Row(
        "no_disk",
        "a full disk while a body is kept, or a response",
        "507, close; the handler waits for its client instead",
        rfc="4918 11.5",
        setting="max_spool_bytes",
        tests=(
            f"{SHORT}::test_no_temporary_file",
            "engine/test_outgoing.py::TestSpool::test_disk_is_full",
        ),
    ),
    Row(
        "no_threads",
        "a thread that cannot be started",
        "503 with `Retry-After`; quick handlers run on the leader meanwhile",
        rfc="9110 15.6.4",
        tests=(
            f"{SHORT}::test_no_threads",
            "engine/test_workers.py::test_system_without_threads",
            "engine/test_workers.py::TestLead::test_system_without_threads",
            "engine/test_leadership.py::TestWithoutThreads::test_tries_again",
        ),
    ),
    Row(
        "handler_that_raises_anything",
        "a handler that raises `MemoryError`, `SystemExit`, `KeyboardInterrupt`, or its own "
        "`BaseException`",
        "`Exception`: as above; beyond: it leaves `serve_forever` of an `HTTPServer`, and goes to "
        "`threading.excepthook` in a `ThreadingHTTPServer`, which lives",
        tests=(
            f"{WILD}::test_any_exception",
            f"{WILD}::test_base_exception_ends_an_http_server",
            f"{WILD}::test_base_exception_ends_no_server_of_threads",
            "wire/test_socketserver_semantics.py::TestErrors::test_exit_leaves_serve_forever",
            "wire/test_socketserver_semantics.py::TestErrors::test_exit_in_a_thread",
        ),
    ),
    Row(
        "handler_that_never_returns",
        "a handler that never returns",
        "others are served (by a `ThreadingHTTPServer`); `serve()` ends within its grace",
        setting="graceful_stop_seconds",
        tests=(
            f"{WILD}::test_handler_that_never_returns",
            "wire/test_graceful_stop.py::TestSignals::test_handler_that_never_returns",
            "wire/test_handlers_and_their_server.py::TestHandlerThatNeverReturns::"
            "test_serve_stops_within_its_grace",
        ),
    ),
    Row(
        "broken_log",
        "`sys.stderr` that is closed, missing, or raises",
        "the line is lost, and nothing else",
        tests=(
            f"{WILD}::test_broken_log",
            f"{WILD}::test_broken_log_of_a_traceback",
            f"{WILD}::test_broken_log_of_a_thread_s_end",
        ),
    ),
    Row(
        "clock_that_jumps",
        "a wall clock that jumps by years, either way",
        "deadlines are monotonic: nothing happens",
        tests=(f"{WILD}::test_clock_that_jumps",),
    ),
    Row(
        "fork",
        "a handler that forks, and a child that lives on with the client's socket",
        "the client gets its answer and its end; nothing is sent twice",
        tests=(
            f"{WILD}::test_fork",
            "wire/test_sockets_of_handlers.py::test_a_fork_finds_nothing_unsent",
        ),
    ),
]
