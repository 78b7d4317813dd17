"""Every request that we serve, h11 reads as we do, but for the reasons in h11_differences.py."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import h11_differences
from tests.fuzz.h11_differences import DIFFERENCES, check_against_h11
from tests.fuzz.readings import read_h11, read_ours
from tests.fuzz.requests import mutated, streams
from tests.http1 import profile, test_chunked, test_framing, test_head, test_target
from tests.http1.delivery import NEXT_REQUEST, request, with_host

POST = b"POST / HTTP/1.1"
CODING = b"Transfer-Encoding: chunked"
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"


def attacks() -> dict[str, bytes]:
    """The attack data of tests/http1, as whole requests."""
    made = {}
    for name, (line, _) in {**test_head.REQUEST_LINES, **test_target.TARGETS}.items():
        made[name] = request(line=line)
    for name, (line, _) in test_head.FIELD_LINES.items():
        made[name] = request(line)
    for name, (value, _) in test_framing.CONTENT_LENGTHS.items():
        made[name] = request(b"Content-Length: " + value, line=POST, body=b"hello")
    for name, (values, _) in test_framing.TRANSFER_ENCODINGS.items():
        lines = [b"Transfer-Encoding: " + value for value in values]
        made[name] = request(*lines, line=POST, body=CHUNKS)
    for name, (lines, _) in test_framing.COMBINATIONS.items():
        made[name] = request(*lines, line=POST, body=CHUNKS)
    for name, (values, _) in test_target.HOSTS.items():
        made[name] = with_host(*values)
    for name, (body, _) in test_chunked.CHUNKS.items():
        made[name] = request(CODING, line=POST, body=body)
    return made


ATTACKS = attacks()


@pytest.mark.parametrize("data", ATTACKS.values(), ids=ATTACKS)
def test_attack_is_served_by_neither_or_alike(data):
    check_against_h11(data)
    check_against_h11(NEXT_REQUEST + data + NEXT_REQUEST)


@profile.slow
@given(data=streams())
def test_requests_that_are_right_are_read_alike(data):
    assert check_against_h11(data) >= 1


@profile.quick
@given(data=mutated())
def test_requests_that_were_changed_are_read_alike(data):
    check_against_h11(data)


@profile.quick
@given(data=st.binary(max_size=60))
def test_any_bytes_are_read_alike(data):
    check_against_h11(b"GET / HTTP/1.0\r\n" + data + b"\r\n\r\n")
    check_against_h11(request(CODING, line=POST, body=data))


# The comparison itself.


def test_what_is_compared():
    """Method, target, version, fields, body, and where the next request begins."""
    first = request(b"A: \tb ", CODING, line=b"PUT /x HTTP/1.1", body=CHUNKS)
    [placed, behind] = read_ours(first + NEXT_REQUEST)
    assert placed.request == (
        b"PUT",
        b"/x",
        b"1.1",
        [(b"host", b"example"), (b"a", b"b"), (b"transfer-encoding", b"chunked")],
        b"hello",
        len(first),
    )
    assert behind.start == len(first)
    assert read_h11(first + NEXT_REQUEST) == placed.request


EXCUSED = {
    "an empty line before the request line": b"\r\n" + request(),
    "white space before a chunk extension": request(
        CODING, line=POST, body=b"5 ;a\r\nhello\r\n0\r\n\r\n"
    ),
    "framing fields in a trailer": request(
        CODING, line=POST, body=b"0\r\nTransfer-Encoding: x\r\n\r\n"
    ),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_each_difference_is_one_and_is_needed(name, monkeypatch):
    data = EXCUSED[name] + NEXT_REQUEST
    assert check_against_h11(data) == 2
    others = {other: DIFFERENCES[other] for other in DIFFERENCES if other != name}
    monkeypatch.setattr(h11_differences, "DIFFERENCES", others)
    with pytest.raises(AssertionError):
        check_against_h11(data)


@pytest.mark.parametrize("difference", DIFFERENCES.values(), ids=DIFFERENCES)
def test_each_difference_names_the_rfc(difference):
    assert re.search(r"RFC 911[02] [\d.]+: ", difference.reason)


def test_all_differences_at_once():
    data = request(CODING, line=POST, body=b"5 ;a\r\nhello\r\n0 ;b\r\nContent-Length: 1\r\n\r\n")
    assert check_against_h11(b"\r\n" + data + NEXT_REQUEST) == 2
