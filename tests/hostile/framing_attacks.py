"""Attacks by framing: what is wrong with each, and its answer.

"smuggle": two readers may disagree about where the request ends.
"""

from tests.http1.delivery import request

POST = b"POST / HTTP/1.1"
POST_1_0 = b"POST / HTTP/1.0"
CHUNKED_BODY = b"5\r\nhello\r\n0\r\n\r\n"
LENGTH = b"Content-Length: 5"
CODING = b"Transfer-Encoding: chunked"

BAD_LENGTH = (400, "Bad Content-Length header")
TWO_LENGTHS = (400, "Two Content-Length headers")
LENGTH_AND_CODING = (400, "Content-Length and Transfer-Encoding")
BAD_CODING = (400, "Bad Transfer-Encoding header")
UNKNOWN_CODING = (501, "Unknown transfer coding")
CODING_IN_1_0 = (400, "Transfer-Encoding in HTTP/1.0")
BAD_CHUNK = (400, "Bad chunk")
TOO_LONG_CHUNK_HEADER = (400, "Line too long")
TOO_LONG_TRAILER = (431, "Line too long")
BAD_NAME = (400, "Bad header name")
BAD_VALUE = (400, "Bad header value")


def post(*field_lines: bytes, body: bytes = b"", line: bytes = POST) -> bytes:
    return request(*field_lines, line=line, body=body)


def chunked(body: bytes) -> bytes:
    return request(b"Transfer-Encoding: chunked", line=b"POST / HTTP/1.1", body=body)


CONTENT_LENGTHS = {
    # RFC 9110 8.6: Content-Length = 1*DIGIT
    "smuggle_content_length_plus": (b"+5", BAD_LENGTH),
    "smuggle_content_length_minus": (b"-5", BAD_LENGTH),
    "smuggle_content_length_minus_zero": (b"-0", BAD_LENGTH),
    "smuggle_content_length_underscore": (b"1_0", BAD_LENGTH),
    "smuggle_content_length_hexadecimal": (b"0x5", BAD_LENGTH),
    "smuggle_content_length_letters": (b"five", BAD_LENGTH),
    "smuggle_content_length_number_and_letter": (b"5a", BAD_LENGTH),
    "smuggle_content_length_fraction": (b"5.0", BAD_LENGTH),
    "smuggle_content_length_exponent": (b"5e0", BAD_LENGTH),
    "smuggle_content_length_empty": (b"", BAD_LENGTH),
    "smuggle_content_length_two_numbers": (b"5 5", BAD_LENGTH),
    "smuggle_content_length_quoted": (b'"5"', BAD_LENGTH),
    "smuggle_content_length_superscript": (b"\xb2", BAD_LENGTH),
    "smuggle_content_length_arabic": ("\u0665".encode(), BAD_LENGTH),
    "smuggle_content_length_no_break_space": (b"5\xa0", BAD_LENGTH),
    "smuggle_content_length_next_line": (b"\x855", BAD_LENGTH),
    "smuggle_content_length_list": (b"5, 6", BAD_LENGTH),
    "smuggle_content_length_list_equal": (b"5, 5", BAD_LENGTH),
    "smuggle_content_length_list_with_empty": (b"5,", BAD_LENGTH),
    "smuggle_content_length_19_digits": (b"0" * 18 + b"5", BAD_LENGTH),
    "smuggle_content_length_thousands_of_digits": (b"9" * 5000, BAD_LENGTH),
    "smuggle_content_length_form_feed": (b"\x0c5", (400, "Bad header value")),
    "smuggle_content_length_nul": (b"5\0", (400, "Bad header value")),
    "smuggle_content_length_bare_cr": (b"5\r6", (400, "Bare CR")),
}


TRANSFER_ENCODINGS = {
    # RFC 9112 6.1, 7: chunked is the last coding and comes once; we know no other.
    "smuggle_transfer_encoding_xchunked": ([b"xchunked"], BAD_CODING),
    "smuggle_transfer_encoding_chunkedx": ([b"chunkedx"], BAD_CODING),
    "smuggle_transfer_encoding_identity": ([b"identity"], BAD_CODING),
    "smuggle_transfer_encoding_empty": ([b""], BAD_CODING),
    "smuggle_transfer_encoding_comma_before": ([b",chunked"], BAD_CODING),
    "smuggle_transfer_encoding_comma_behind": ([b"chunked,"], BAD_CODING),
    "smuggle_transfer_encoding_not_last": ([b"chunked, identity"], BAD_CODING),
    "smuggle_transfer_encoding_gzip_alone": ([b"gzip"], BAD_CODING),
    "smuggle_transfer_encoding_chunked_twice": ([b"chunked, chunked"], BAD_CODING),
    "smuggle_transfer_encoding_chunked_around": ([b"chunked, gzip, chunked"], BAD_CODING),
    "smuggle_transfer_encoding_twice": ([b"chunked", b"chunked"], BAD_CODING),
    "smuggle_transfer_encoding_twice_not_last": ([b"chunked", b"identity"], BAD_CODING),
    "smuggle_transfer_encoding_twice_empty": ([b"chunked", b""], BAD_CODING),
    "smuggle_transfer_encoding_quoted": ([b'"chunked"'], BAD_CODING),
    "smuggle_transfer_encoding_parameter": ([b"chunked;q=1"], BAD_CODING),
    "smuggle_transfer_encoding_two_words": ([b"chunked chunked"], BAD_CODING),
    "smuggle_transfer_encoding_colon": ([b": chunked"], BAD_CODING),
    "smuggle_transfer_encoding_inner_tab": ([b"chun\tked"], BAD_CODING),
    "smuggle_transfer_encoding_next_line": ([b"\x85chunked"], BAD_CODING),
    "smuggle_transfer_encoding_no_break_space": ([b"chunked\xa0"], BAD_CODING),
    "smuggle_transfer_encoding_unknown_first": ([b"gzip, chunked"], UNKNOWN_CODING),
    "smuggle_transfer_encoding_identity_first": ([b"identity, chunked"], UNKNOWN_CODING),
    "smuggle_transfer_encoding_twice_unknown_first": ([b"gzip", b"chunked"], BAD_CODING),
    "smuggle_transfer_encoding_vertical_tab": ([b"\x0bchunked"], (400, "Bad header value")),
    "smuggle_transfer_encoding_form_feed": ([b"chunked\x0c"], (400, "Bad header value")),
    "smuggle_transfer_encoding_nul": ([b"chunked\0"], (400, "Bad header value")),
    "smuggle_transfer_encoding_bare_cr": ([b"x\rchunked"], (400, "Bare CR")),
}


COMBINATIONS = {
    # RFC 9112 6.1, 6.3
    "smuggle_content_length_twice": ([LENGTH, b"Content-Length: 6"], TWO_LENGTHS),
    "smuggle_content_length_twice_equal": ([LENGTH, LENGTH], TWO_LENGTHS),
    "smuggle_content_length_twice_by_case": ([LENGTH, b"content-LENGTH: 6"], TWO_LENGTHS),
    "smuggle_content_length_then_coding": ([LENGTH, CODING], LENGTH_AND_CODING),
    "smuggle_coding_then_content_length": ([CODING, LENGTH], LENGTH_AND_CODING),
    "smuggle_coding_and_bad_content_length": (
        [CODING, b"Content-Length: x"],
        LENGTH_AND_CODING,
    ),
    "smuggle_bad_coding_and_content_length": (
        [b"Transfer-Encoding: x", LENGTH],
        LENGTH_AND_CODING,
    ),
    # RFC 9112 5.1, 5.2
    "smuggle_content_length_space_before_colon": (
        [b"Content-Length : 5"],
        (400, "Bad header name"),
    ),
    "smuggle_coding_tab_before_colon": (
        [b"Transfer-Encoding\t: chunked"],
        (400, "Bad header name"),
    ),
    "smuggle_coding_space_before_name": ([b" " + CODING], (400, "Folded header")),
    "smuggle_coding_folded": ([b"Transfer-Encoding:\r\n chunked"], (400, "Folded header")),
    "smuggle_content_length_folded": ([b"Content-Length: 1\r\n 0"], (400, "Folded header")),
    "smuggle_coding_behind_bare_cr": ([b"X: x\r" + CODING], (400, "Bare CR")),
    "smuggle_coding_behind_bare_lf": ([b"X: x\n" + CODING], (400, "Bare LF")),
}


IN_HTTP_1_0 = {
    # RFC 9112 6.1
    "smuggle_coding_in_http_1_0": ([CODING], CODING_IN_1_0),
    "smuggle_coding_and_length_in_http_1_0": ([CODING, LENGTH], CODING_IN_1_0),
}


CHUNKS = {
    # RFC 9112 7.1: chunk-size = 1*HEXDIG
    "smuggle_chunk_size_0x": (b"0x5\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_plus": (b"+5\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_minus": (b"-5\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_underscore": (b"1_0\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_empty": (b"\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_space_before": (b" 5\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_space_behind": (b"5 \r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_tab_behind": (b"5\t\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_two": (b"5 5\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_letters": (b"5g\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_next_line": (b"5\x85\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_nul": (b"5\0\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_overflow": (b"10000000000000005\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_16_digits": (b"0000000000000005\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_long_zero": (b"0" * 16 + b"\r\n\r\n", BAD_CHUNK),
    "smuggle_chunk_size_comma": (b"5,6\r\nhello\r\n", BAD_CHUNK),
    # RFC 9112 2.2: bare CR, bare LF
    "smuggle_chunk_header_bare_lf": (b"5\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_header_bare_cr": (b"5\rhello\r\n", BAD_CHUNK),
    "smuggle_chunk_header_cr_cr_lf": (b"5\r\r\nhello\r\n", BAD_CHUNK),
    # RFC 9112 7.1.1: chunk-ext = *( BWS ";" BWS ext-name [ BWS "=" BWS ext-val ] )
    "smuggle_extension_bare_lf": (b"5;a\nb\r\nhello\r\n", BAD_CHUNK),
    "smuggle_extension_bare_cr": (b"5;a\rb\r\nhello\r\n", BAD_CHUNK),
    "smuggle_extension_cr_in_string": (b'5;a="\r"\r\nhello\r\n', BAD_CHUNK),
    "smuggle_extension_lf_in_string": (b'5;a="\n"\r\nhello\r\n', BAD_CHUNK),
    "smuggle_extension_escaped_lf": (b'5;a="\\\n"\r\nhello\r\n', BAD_CHUNK),
    "smuggle_extension_string_not_closed": (b'5;a="b\r\nhello\r\n', BAD_CHUNK),
    "smuggle_extension_control": (b"5;a\x01\r\nhello\r\n", BAD_CHUNK),
    "smuggle_extension_delete": (b"5;a=\x7f\r\nhello\r\n", BAD_CHUNK),
    "smuggle_extension_no_token": (b"5;a@b\r\nhello\r\n", BAD_CHUNK),
    "smuggle_extension_empty": (b"5;\r\nhello\r\n", BAD_CHUNK),
    "smuggle_extension_without_name": (b"5;=b\r\nhello\r\n", BAD_CHUNK),
    "smuggle_extension_without_value": (b"5;a=\r\nhello\r\n", BAD_CHUNK),
    # RFC 9112 7.1: chunk-data CRLF
    "smuggle_chunk_longer_than_its_size": (b"4\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_data_bare_lf": (b"5\r\nhello\n", BAD_CHUNK),
    "smuggle_chunk_data_bare_cr": (b"5\r\nhello\rX", BAD_CHUNK),
    "smuggle_chunk_data_two_other_bytes": (b"5\r\nhelloXX", BAD_CHUNK),
    "smuggle_chunk_data_lf_cr": (b"5\r\nhello\n\r", BAD_CHUNK),
    "smuggle_chunk_of_request": (b"GET / HTTP/1.1\r\n\r\n", BAD_CHUNK),
    # RFC 9112 7.1.2: trailers are field lines
    "smuggle_trailer_bare_lf": (b"0\r\nX: y\n\r\n", (400, "Bare LF")),
    "smuggle_trailer_bare_cr": (b"0\r\nX: y\rZ: z\r\n\r\n", (400, "Bare CR")),
    "smuggle_trailer_end_bare_lf": (b"0\r\n\n", (400, "Bare LF")),
    "smuggle_trailer_end_cr_cr_lf": (b"0\r\n\r\r\n", BAD_NAME),
    "smuggle_trailer_folded": (b"0\r\nX: y\r\n z\r\n\r\n", (400, "Folded header")),
    "smuggle_trailer_space_before_colon": (b"0\r\nX : y\r\n\r\n", BAD_NAME),
    "smuggle_trailer_without_colon": (b"0\r\nX\r\n\r\n", BAD_NAME),
    "smuggle_trailer_nul": (b"0\r\nX: \0\r\n\r\n", BAD_VALUE),
    "smuggle_request_as_trailer": (b"0\r\nGET / HTTP/1.1\r\n\r\n", BAD_NAME),
    # RFC 9112 8: cut off
    "cut_in_chunk_header": (b"5", (400, "Incomplete body")),
    "cut_before_chunk_data": (b"5\r\n", (400, "Incomplete body")),
    "cut_in_chunk_data": (b"5\r\nhell", (400, "Incomplete body")),
    "cut_behind_chunk_data": (b"5\r\nhello", (400, "Incomplete body")),
    "cut_in_end_of_chunk": (b"5\r\nhello\r", (400, "Incomplete body")),
    "cut_between_chunks": (b"5\r\nhello\r\n", (400, "Incomplete body")),
    "cut_before_trailers": (b"0\r\n", (400, "Incomplete body")),
    "cut_in_trailers": (b"0\r\nX: y\r\n", (400, "Incomplete body")),
}


OVERSIZED_CHUNKS = {
    # Over the limits that settings have by default; most have no end of a line in sight.
    "chunk_header_too_long": (b"1" * 4097, TOO_LONG_CHUNK_HEADER),
    "extension_of_64_kib": (b"5;" + b"e" * 65536 + b"\r\nhello\r\n", TOO_LONG_CHUNK_HEADER),
    "extensions_of_64_kib_together": ((b"1;" + b"e" * 999 + b"\r\nx\r\n") * 66, BAD_CHUNK),
    "trailer_too_long": (b"0\r\nX: " + b"x" * 65536, TOO_LONG_TRAILER),
    "trailers_too_many": (b"0\r\n" + b"X: y\r\n" * 101, (431, "Too many trailers")),
    "trailers_too_long_together": (
        b"0\r\n" + (b"X: " + b"x" * 60000 + b"\r\n") * 3,
        TOO_LONG_TRAILER,
    ),
}
