"""What `SimpleHTTPRequestHandler` gives out, and what it must not."""

from tests.hostile.catalogue.row import Row

__all__ = ["FILES"]

CONTAINMENT = "api/test_files_containment.py"
LINKS = "api/test_symbolic_links.py"
IRREGULAR = "api/test_files_irregular.py::TestNotRegular"

FILES = [
    Row(
        "traversal",
        "`..`, `%2e%2e`, `%2f`, `%5c`, NUL, drives, UNC, absolute paths, over-long UTF-8",
        "404; nothing outside the folder",
        rfc="3986 6.2.2",
        tests=(
            f"{CONTAINMENT}::test_not_found",
            f"{CONTAINMENT}::test_absolute_path_to_the_secret",
            f"{CONTAINMENT}::test_any_target_is_answered_from_within",
            f"{CONTAINMENT}::test_translated_paths_are_within",
            f"{CONTAINMENT}::TestOnWindows::test_translate_path",
            "hostile/test_files.py::test_traversal",
        ),
    ),
    Row(
        "sibling_of_the_same_prefix",
        "a folder beside the one that is served, whose name begins alike",
        "404",
        tests=(
            f"{CONTAINMENT}::test_not_found",
            f"{CONTAINMENT}::test_any_target_is_answered_from_within",
        ),
    ),
    Row(
        "symbolic_links",
        "a symbolic link in the folder that leads out of it",
        "404 and not listed by the command line, but for `--symlinks all`; followed by"
        " `SimpleHTTPRequestHandler`, as in `http.server`, unless its `symlinks` says otherwise",
        tests=(
            "wire/test_files_tree.py::TestSymbolicLinks::test_followed_and_listed",
            f"{LINKS}::TestInside::test_leads_outside",
            f"{LINKS}::TestInside::test_listing_offers_what_can_be_had",
            f"{LINKS}::TestNone::test_is_not_followed",
            f"{LINKS}::TestAll::test_is_followed",
            "wire/test_cgi_hostile.py::test_link_to_a_script_elsewhere_is_not_followed",
        ),
    ),
    Row(
        "symbolic_link_in_a_moment",
        "a link that takes the place of a file or folder while it is asked for",
        "404: what was opened counts; on Windows such a moment is left",
        tests=(
            f"{LINKS}::TestReplaced::test_file",
            f"{LINKS}::TestReplaced::test_folder_that_is_listed",
            f"{LINKS}::TestReplaced::test_folder_on_the_way",
            f"{LINKS}::TestReplaced::test_again_and_again",
        ),
    ),
    Row(
        "names_of_windows",
        "`CON`, `NUL.txt`, `COM1 `, `AUX::$DATA` and their kind on Windows",
        "404",
        tests=(f"{CONTAINMENT}::TestOnWindows::test_names_that_mean_something_else",),
    ),
    Row(
        "open_redirect",
        "a target such as `//evil/..` or `/\\evil` that a redirect could repeat",
        "a `Location` that is only a path",
        rfc="9110 17.4",
        tests=("api/test_files.py::TestRedirect::test_never_leads_to_another_host",),
    ),
    Row(
        "listing",
        "markup, line ends and undecodable bytes in names of files",
        "escaped, quoted, with a charset that is said",
        tests=(
            "api/test_files.py::TestListing::test_newline_in_a_name",
            "api/test_files.py::TestListing::test_name_that_is_no_text",
            "api/test_files.py::TestListing::test_title_is_the_decoded_path",
            "wire/test_files_tree.py::test_difficult_names",
        ),
    ),
    Row(
        "no_regular_file",
        "a FIFO, a device, a socket in the folder, or in a file's place a moment later",
        "404, without waiting",
        tests=(
            f"{IRREGULAR}::test_fifo",
            f"{IRREGULAR}::test_device",
            f"{IRREGULAR}::test_socket",
            "api/test_files_irregular.py::TestReplaced::test_by_a_fifo",
            "wire/test_files_changing.py::test_fifo_that_nobody_writes_into",
        ),
    ),
    Row(
        "file_that_changes",
        "a file that grows or shrinks while it is sent",
        "as much as was announced; a cut",
        rfc="9112 8",
        tests=(
            "wire/test_files_changing.py::TestAfterTheHead::test_harmless",
            "wire/test_files_changing.py::TestAfterTheHead::test_loss",
            "wire/test_files_changing.py::TestInTheMidst::test_harmless",
            "wire/test_files_changing.py::TestInTheMidst::test_loss",
        ),
    ),
    Row(
        "ranges",
        "`Range` of any shape: malformed, backwards, in another unit, more than 20 digits, more"
        " than 200 ranges",
        "ignored: the whole file",
        rfc="9110 14.2",
        tests=(
            "hostile/test_files.py::test_ranges_that_are_ignored",
            "api/test_file_ranges.py::TestParse::test_time_is_linear",
        ),
    ),
    Row(
        "ranges_merged",
        "ranges that overlap or touch; that begin behind the end",
        "merged, in time that grows no faster than a sort's; 416, close",
        rfc="9110 14.2, 9110 15.5.17",
        tests=(
            "hostile/test_files.py::test_ranges_that_are_one",
            "hostile/test_files.py::test_ranges_that_are_not_there",
            "hostile/test_files.py::test_ranges_cost_no_more_than_their_heads",
        ),
    ),
    Row(
        "conditions",
        "`If-Match`, `If-None-Match` with thousands of tags, or malformed",
        "read in linear time; malformed, they match nothing",
        rfc="9110 13.1",
        tests=(
            "api/test_file_conditions.py::TestTags::test_lists",
            "api/test_file_conditions.py::TestTags::test_time_is_linear",
        ),
    ),
]
