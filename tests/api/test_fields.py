"""``headers``: whatever is sent, they are what the email parser makes of it."""

import email.message
import email.parser
import http.client

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basehttpserver._fields import parse_fields

BLOCKS = {
    "none": "",
    "one": "Host: example\r\n",
    "spaces around the value": "A:  b c\t \r\nB:c\r\nC:\r\nD: \t\r\n",
    "the same name twice": "X: 1\r\nx: 2\r\nX: 1\r\n",
    "colons in the value": "X: a:b::c\r\n",
    "Latin-1": "X: \xe4\xff\xa0\x85\r\n",
    "line ends of Unicode": "X: a\x0bb\x0cc\x1cd\x85e\r\nY: z\r\n",
    "a continuation": "X: a\r\n b\r\nY: c\r\n",
    "a continuation first": " a\r\nY: c\r\n",
    "a line without a colon": "X: a\r\nwhat\r\nY: c\r\n",
    "a space before the colon": "X: a\r\nY : b\r\nZ: c\r\n",
    "no name": ": a\r\nY: c\r\n",
    "lone line feeds": "X: a\nY: b\n",
    "a lone carriage return": "X: a\rY: b\r\n",
    "a form": "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 3\r\n",
    "a form without a boundary": "content-type:multipart/mixed\r\n",
    "a message": "Content-Type: message/rfc822\r\n",
    "an unknown type": "Content-Type: nonsense\r\n",
    "an envelope": "From somebody\r\nX: a\r\n",
}


def payload_of(message):
    payload = message.get_payload()
    return [part.items() for part in payload] if message.is_multipart() else payload


def told(message):
    return (
        type(message),
        [(name, str(value)) for name, value in message.items()],
        payload_of(message),
        message.is_multipart(),
        message.get_content_type(),
        [type(defect) for defect in message.defects],
    )


def agree(text, message_class=http.client.HTTPMessage):
    expected = email.parser.Parser(_class=message_class).parsestr(text)
    assert told(parse_fields(text.encode("latin-1"), message_class)) == told(expected)


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
@pytest.mark.parametrize(
    "message_class",
    [http.client.HTTPMessage, email.message.Message, email.message.EmailMessage],
)
def test_the_same_as_the_email_parser(block, message_class):
    agree(block + "\r\n", message_class)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.lists(st.text("aB:;- \t\x00\x0b\x85\xe4\r\n", max_size=12), max_size=5))
def test_the_same_for_any_lines(lines):
    agree("".join(line + "\r\n" for line in lines) + "\r\n")


def test_any_callable_may_make_the_message():
    message = parse_fields(
        b"X: a\r\n\r\n", lambda **arguments: http.client.HTTPMessage(**arguments)
    )
    assert message["x"] == "a"
