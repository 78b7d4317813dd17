"""The grammar of HTTP/1.1, as patterns over bytes.

Each pattern stands under the rule that it implements. Where it departs from the rule, a comment
says so: "Stricter:" or "Laxer:". Possessive quantifiers (``*+``) keep every match linear: a pattern
never tries a shorter match again.
"""

import re
from typing import Final

#: A method longer than this is an attack: the longest registered one has 16 letters. Without the
#: bound a megabyte of letters would be read before the request line is over its limit.
MAX_METHOD_BYTES: Final = 255

# RFC 9110 5.6.2: token = 1*tchar
TCHAR: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
TOKEN: Final = rb"(?:" + TCHAR + rb"++)"

# RFC 9112 3.2: request-target = origin-form / absolute-form / authority-form / asterisk-form
# Laxer: RFC 3986 leaves out `"<>\^`{|}` and more; browsers send some of them in queries, and
# http.server takes them. Every visible ASCII character passes but "#", which no target may have.
TARGET: Final = rb'(?:[!"$-~]++)'

# RFC 9112 3: request-line = method SP request-target SP HTTP-version
# RFC 9112 2.3: HTTP-version = HTTP-name "/" DIGIT "." DIGIT
REQUEST_LINE: Final = re.compile(
    rb"(?P<method>" + TOKEN + rb") (?P<target>" + TARGET + rb") HTTP/([0-9])\.([0-9])\r\n"
)
# Laxer: any number of digits that http.server's parse_request takes.
LOOSE_VERSION: Final = re.compile(r"HTTP/[0-9]{1,10}\.[0-9]{1,10}")
METHOD_PREFIX: Final = re.compile(TCHAR + rb"*+")
TARGET_SHAPE: Final = re.compile(TARGET)

# RFC 9112 5: field-line = field-name ":" OWS field-value OWS
# RFC 9110 5.5: field-value = *( VCHAR / obs-text / SP / HTAB ), in effect
FIELD_LINE: Final = re.compile(TOKEN + rb":[\t\x20-\x7e\x80-\xff]*+\r\n")
FIELD_BLOCK: Final = re.compile(rb"(?:" + FIELD_LINE.pattern + rb")*+\r\n")
FIELD_NAME: Final = re.compile(TOKEN)

# RFC 9112 2.1: HTTP-message = start-line *( field-line CRLF ) CRLF, all of it at once. A path
# (origin-form), a version that we speak and a method that is not too long are the rule; the rest is
# left to those above.
WHOLE_HEAD: Final = re.compile(
    rb"((?!CONNECT )("
    + TCHAR
    + rb"{1,%d}+) (/(?:[!\"$-~]*+)) HTTP/1\.([01])\r\n)" % MAX_METHOD_BYTES
    + FIELD_BLOCK.pattern
)

# The fields that decide where a message ends and what becomes of the connection, each behind the
# LF of the line before it. White space before the colon is matched so that a relaxed rule cannot
# hide one of them. (A literal first and the letters before the words: a third of the time that
# `(?im)^` takes over the twelve fields of a browser.)
FRAMING_FIELDS: Final = re.compile(
    rb"\n(?=[CEHTceht])((?i:connection|content-length|expect|host|transfer-encoding))"
    rb"[ \t]*+:[ \t]*+([^\r\n]*+)"
)

# RFC 9112 5.2: obs-fold = OWS CRLF RWS. Only ever seen under `Settings.accept_loose_fields`.
CONTINUATION: Final = re.compile(rb"\r?\n[ \t]+")

# A framing field that one lax reader sees and another does not: white space before its name or its
# colon, a CR on either side that the email parser takes for the end of a line, a fold behind it.
# Only ever searched for under `Settings.accept_loose_fields`.
HIDDEN_FRAMING: Final = re.compile(
    rb"(?im)(?:^[\x00-\x09\x0b\x0c\x0e-\x20]++|\r[\x00-\x09\x0b\x0c\x0e-\x20]*+)"
    rb"(?:content-length|transfer-encoding)[\x00-\x09\x0b-\x20]*+:"
    rb"|^(?:content-length|transfer-encoding)"
    rb"(?:[\x00-\x09\x0b-\x20]++:|:[^\r\n]*+(?:\r(?!\n)|\r?\n[ \t]))"
)

# RFC 9110 8.6: Content-Length = 1*DIGIT
# Stricter: 18 digits at most, an exabyte; int() of thousands of digits is an attack of its own.
CONTENT_LENGTH: Final = re.compile(rb"[0-9]{1,18}+")

# RFC 9112 7.1: chunk-size = 1*HEXDIG
# Stricter: 15 digits at most, as above.
# RFC 9112 7.1.1: chunk-ext = *( BWS ";" BWS ext-name [ BWS "=" BWS ext-val ] )
QUOTED_STRING: Final = (
    rb'(?:"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+")'
)
CHUNK_HEADER: Final = re.compile(
    rb"([0-9A-Fa-f]{1,15}+)"
    rb"(?:[ \t]*+;[ \t]*+"
    + TOKEN
    + rb"(?:[ \t]*+=[ \t]*+(?:"
    + TOKEN
    + rb"|"
    + QUOTED_STRING
    + rb"))?+)*+"
    rb"\r\n"
)

# RFC 9110 7.2: Host = uri-host [ ":" port ]; RFC 3986 3.2.2: host = IP-literal / IPv4 / reg-name
HOST: Final = re.compile(
    rb"(?:\[(?P<literal>[0-9A-Fa-f:.]++)\]|(?P<name>(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*+))"
    rb"(?::(?P<port>[0-9]{0,5}+))?+"
)

# RFC 9110 4.2: the schemes that name an origin of ours. RFC 9112 3.2.2: absolute-form
ABSOLUTE_FORM: Final = re.compile(rb"(?i:https?)://(?P<authority>[^/?]*+)(?:[/?].*+)?+")

# RFC 9112 4: status-line = HTTP-version SP status-code SP [ reason-phrase ]
STATUS_LINE: Final = re.compile(rb"HTTP/([0-9])\.([0-9]) ([0-9]{3})(?: [^\r\n]*+)?+\r\n")

# RFC 9112 4, 5: a head, as handlers write most of them. It is a final one, whose first group says
# that it has no body, and no field frames a body but, perhaps, one Content-Length, the second.
_OTHER_FIELD: Final = (
    rb"(?:(?!\r|[CTct](?i:ontent-length|onnection|ransfer-encoding)[ \t]*+:)[^\n]++\n)"
)
PLAIN_RESPONSE: Final = re.compile(
    rb"HTTP/1\.1 (?:(204|304)|(?!205)[2-5][0-9]{2}) [^\r\n]*+\r\n"
    + _OTHER_FIELD
    + rb"*+(?:(?i:content-length):[ \t]*+([0-9]{1,18}+)[ \t]*+\r\n"
    + _OTHER_FIELD
    + rb"*+)?+\r\n"
)
