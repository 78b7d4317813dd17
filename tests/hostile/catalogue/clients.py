"""Clients that are slow, or many, or gone."""

from tests.hostile.catalogue.row import Row

__all__ = ["CLIENTS"]

SILENT = "wire/test_silent_clients.py"
SLOW = "wire/test_slow_clients.py"
LEAVING = "hostile/test_clients_that_leave.py"
MANY = "hostile/test_many_clients.py"

CLIENTS = [
    Row(
        "slow_head",
        "a head a byte at a time (slowloris)",
        "408, close, when the head has had its time; no thread held",
        rfc="9110 15.5.9",
        setting="head_timeout_seconds",
        tests=(
            "engine/test_poller.py::TestDeadlines::test_head_is_a_total",
            f"{SILENT}::TestCrowd::test_silent_and_dripping",
        ),
    ),
    Row(
        "slow_body",
        "a body slower than its minimum rate (R.U.D.Y.)",
        "408, close; if the answer has begun: cut",
        rfc="9110 15.5.9",
        setting="min_body_bytes_per_second",
        tests=(
            "wire/test_conversations.py::TestRequestBody::test_body_that_stalls",
            "engine/test_poller.py::TestBodies::test_minimum_rate",
            f"{SILENT}::TestOneAgainstAnother::test_half_a_body",
        ),
    ),
    Row(
        "slow_reader",
        "a client that reads its response slower than the minimum rate, or not at all",
        "cut; nobody but its own handler waits for it meanwhile",
        setting="min_response_bytes_per_second",
        tests=(
            f"{SLOW}::TestMinimumRate::test_too_slow",
            f"{SLOW}::TestReadersOfWhatFitsSomewhere::test_they_hold_no_worker",
            f"{SLOW}::TestOneOfEach::test_quick_requests_are_served_as_if_alone",
        ),
    ),
    Row(
        "silent_handshake",
        "a connection to a port of TLS that says nothing",
        "closed when the handshake has had its time",
        setting="handshake_timeout_seconds",
        tests=("hostile/test_requests.py::test_silent_handshake",),
    ),
    Row(
        "idle",
        "a connection that is kept and says nothing",
        "closed when it was idle for too long",
        rfc="9112 9.5",
        setting="idle_timeout_seconds",
        tests=(
            "wire/test_conversations.py::TestPersistence::test_idle_connection_ends",
            "wire/test_conversations.py::TestPersistence::test_silent_connection_ends",
        ),
    ),
    Row(
        "ten_thousand_idle",
        "ten thousand connections that wait",
        "held, without a thread, in a few KiB each",
        setting="max_connections",
        tests=(
            "wire/test_idle_connections.py::test_idle_keep_alive",
            f"{MANY}::test_memory_of_idle_connections",
        ),
    ),
    Row(
        "memory_of_connections",
        "many that end neither head nor body, and read no response",
        "each holds what its limits say, and no more",
        setting="spool_memory_bytes",
        tests=(
            f"{MANY}::test_memory_of_unfinished_heads",
            f"{MANY}::test_memory_of_unfinished_bodies",
            f"{MANY}::test_memory_of_unread_responses",
        ),
    ),
    Row(
        "too_many",
        "more connections than the limit",
        "503 with `Retry-After`, close, at once",
        rfc="9110 15.6.4",
        setting="max_connections",
        tests=(f"{SILENT}::TestLimits::test_connections",),
    ),
    Row(
        "too_many_of_one",
        "more connections from one address, or from one /64 of IPv6, than the limit",
        "503 with `Retry-After`, close, at once",
        rfc="9110 15.6.4",
        setting="max_connections_per_address",
        tests=(
            f"{SILENT}::TestLimits::test_connections_from_one_address",
            "engine/test_roster.py::test_limit_by_network_of_ipv6",
        ),
    ),
    Row(
        "too_much_at_once",
        "more requests than there are threads for",
        "503 with `Retry-After`, close, at once; connections that keep a thread and only wait in "
        "it end",
        rfc="9110 15.6.4",
        setting="max_workers",
        tests=(
            f"{SILENT}::TestLimits::test_workers",
            f"{MANY}::test_idle_connections_give_up_their_threads",
        ),
    ),
    Row(
        "reset_in_the_request",
        "a reset behind any byte of a request, or in a TLS handshake",
        "forgotten, without a word in the log",
        tests=(
            f"{LEAVING}::test_reset_in_the_request",
            f"{LEAVING}::test_reset_in_the_handshake",
            f"{LEAVING}::test_reset_before_it_is_accepted",
        ),
    ),
    Row(
        "reset_in_the_response",
        "a reset before or behind any byte of a response",
        "forgotten, without a word in the log",
        tests=(
            f"{LEAVING}::test_reset_in_the_response",
            f"{LEAVING}::test_reset_while_the_handler_runs",
        ),
    ),
    Row(
        "half_close",
        "a client that ends its direction behind any byte",
        "a whole request still gets its answer; a part of one 400",
        rfc="9112 9.6",
        tests=(
            f"{LEAVING}::test_half_close",
            "wire/test_conversations.py::TestHalfClose::test_all_pipelined_answers",
        ),
    ),
    Row(
        "announced_terabytes",
        "a body announced in terabytes, by its length or by a chunk",
        "nothing is reserved for it",
        tests=(
            f"{MANY}::test_announced_terabytes",
            "http1/test_chunked.py::test_size_announced_is_not_allocated",
        ),
    ),
    Row(
        "one_byte_packets",
        "thousands of chunks, or of packets, of one byte",
        "linear in time",
        tests=(
            "http1/test_chunked.py::test_one_byte_chunks_are_linear",
            f"{MANY}::test_one_byte_packets",
        ),
    ),
    Row(
        "stop_under_load",
        "SIGTERM while requests run, have arrived, or wait in the queue",
        "all of them are answered; exit 0 within the grace",
        setting="graceful_stop_seconds",
        tests=(
            "wire/test_graceful_stop.py::TestSignals::test_running_exchange_finishes",
            "wire/test_graceful_stop.py::TestSignals::test_request_that_has_arrived_is_answered",
            "wire/test_graceful_stop.py::TestSignals::test_connection_in_the_queue_is_answered",
            "wire/test_graceful_stop_under_load.py::test_serve",
        ),
    ),
    Row(
        "connections_at_a_stop",
        "a connection that stands at SIGTERM, without a request; one that comes later",
        "its first request has half a second; refused",
        tests=(
            "wire/test_graceful_stop.py::TestSignals::test_first_request_is_waited_for",
            "wire/test_graceful_stop.py::TestSignals::test_who_comes_later_is_refused",
        ),
    ),
]
