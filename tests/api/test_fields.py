"""``headers``: whatever is sent, they are what the email parser makes of it."""

import copy
import email.message
import email.parser
import email.policy
import http.client
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basehttpserver._fields import fields_of_head, parse_fields

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


# Fields that are looked up in the text of their head.

HEAD = (
    b"GET /X-Path: HTTP/1.1\r\nHost: a\r\nX-One:  b c \t\r\nx-one: d\r\nEmpty:\r\n"
    b"Latin: \xc4\xa0\r\nX: Host: e\r\n\r\n"
)
NAMES = [
    "host",
    "HOST",
    "X-One",
    "x-ONE",
    "Empty",
    "Latin",
    "X",
    "X-Path",
    "None",
    "",
    "X: Host",
    "a\r",
]


@pytest.fixture
def in_text():
    return fields_of_head(HEAD)


@pytest.fixture
def parsed():
    text = HEAD.partition(b"\n")[2].decode("latin-1")
    return email.parser.Parser(_class=http.client.HTTPMessage).parsestr(text)


def test_text_is_a_message(in_text):
    assert isinstance(in_text, http.client.HTTPMessage)
    assert "_headers" not in vars(in_text)
    assert in_text.keys() == ["Host", "X-One", "x-one", "Empty", "Latin", "X"]
    assert type(in_text) is http.client.HTTPMessage
    assert "_text" not in vars(in_text)


@pytest.mark.parametrize("name", NAMES)
def test_looked_up_in_the_text(name, in_text, parsed):
    for _ in range(2):
        assert in_text.get(name, "nothing") == parsed.get(name, "nothing")
        assert in_text[name] == parsed[name]
        assert (name in in_text) is (name in parsed)
        assert in_text.get_all(name) == parsed.get_all(name)
        assert in_text.keys() == parsed.keys()  # From here on they are taken apart.


@pytest.mark.parametrize(
    "use",
    [
        len,
        str,
        bytes,
        list,
        lambda fields: fields.items(),
        lambda fields: fields.values(),
        lambda fields: [part.get_content_type() for part in fields.walk()],
        lambda fields: fields.get_payload(),
        lambda fields: fields.getallmatchingheaders("x-one"),
        lambda fields: fields.get_param("b", header="X-One"),
        lambda fields: copy.deepcopy(fields).items(),
        lambda fields: pickle.loads(pickle.dumps(fields)).items(),
        lambda fields: fields.policy.name if hasattr(fields.policy, "name") else None,
    ],
)
def test_any_other_use(use, in_text, parsed):
    assert use(in_text) == use(parsed)


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: fields.__setitem__("Host", "z"),
        lambda fields: fields.__delitem__("x-one"),
        lambda fields: fields.replace_header("host", "z"),
        lambda fields: fields.add_header("X-One", "z", a="b"),
        lambda fields: fields.set_raw("New", "z"),
        lambda fields: fields._headers.append(("New", "z")),
        lambda fields: fields.set_param("a", "b", header="X-One"),
    ],
)
def test_changes_count(change, in_text, parsed):
    change(in_text)
    change(parsed)
    assert in_text.items() == parsed.items()
    for name in [*NAMES, "New"]:
        assert in_text[name] == parsed[name]
        assert (name in in_text) is (name in parsed)


def test_another_policy_counts(in_text, parsed):
    for fields in (in_text, parsed):
        fields.policy = email.policy.default
    assert type(in_text["host"]).__name__ == type(parsed["host"]).__name__ != "str"


def test_name_that_is_no_text(in_text, parsed):
    for fields in (in_text, parsed):
        with pytest.raises(AttributeError):
            fields.get(None)
        with pytest.raises(AttributeError):
            fields.get_all(None)
        with pytest.raises(AttributeError):
            _ = None in fields


def test_head_of_a_form_is_the_parsers():
    head = b"POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n"
    agree(head.partition(b"\n")[2].decode())
    assert told(fields_of_head(head)) == told(
        parse_fields(head.partition(b"\n")[2], http.client.HTTPMessage)
    )
