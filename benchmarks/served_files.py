"""The folder that the file servers serve: three files, and a thousand in a folder of their own."""

from pathlib import Path

SMALL, MEDIUM, LARGE = "small.bin", "medium.bin", "large.bin"

MIB = 2**20

#: By name: the content, and how often it comes. No two kilobytes of a MiB are the same, so that a
#: part from elsewhere is found out.
CONTENTS = {
    SMALL: (bytes(range(256)) * 4, 1),
    MEDIUM: (bytes(range(256)) * 400, 1),
    LARGE: (b"".join(number.to_bytes(4, "big") for number in range(MIB // 4)), 100),
}

#: Of the large file; a million bytes each.
LARGE_MEGABYTES = 100 * MIB / 1e6

#: A folder, and the names of its empty files.
LISTED = "listed"
ENTRIES = tuple(f"entry-{number:04}.txt" for number in range(1000))

#: A KiB in the middle of the large file.
RANGE_BEGIN, RANGE_BYTES = 50 * MIB + 12_345, 1024


def read_content(name: str) -> bytes:
    content, count = CONTENTS[name]
    return content * count


def read_range() -> bytes:
    return read_content(LARGE)[RANGE_BEGIN : RANGE_BEGIN + RANGE_BYTES]


def write(folder: Path) -> None:
    """Write all of them into `folder`."""
    for name in CONTENTS:
        (folder / name).write_bytes(read_content(name))
    (folder / LISTED).mkdir()
    for name in ENTRIES:
        (folder / LISTED / name).touch()
