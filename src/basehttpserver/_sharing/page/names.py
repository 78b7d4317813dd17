"""Names of files, which anybody may have chosen: as text, as links, and what they stand for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from basehttpserver._files.listing import Entry

#: What the page draws a symbol for; the words are class names in page.css.
Kind = Literal["folder", "image", "video", "audio", "archive", "text", "other"]

#: What would end a line, or do something to a terminal: C0, DEL, C1, the two separators.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

#: What turns the letters after it around, or cannot be seen at all (UAX 9, section 2): a name with
#: one of these reads as another. ZWJ and ZWNJ are left: scripts and emoji are written with them.
_BIDI_AND_INVISIBLE = re.compile(
    "[\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0]"
)

#: RFC 3986 2.3: what stands for itself in a URL.
_UNRESERVED = re.compile("[A-Za-z0-9._~-]+")

#: Each byte as it is in a segment of a path (RFC 3986 2.1).
_ENCODED = [
    chr(byte) if _UNRESERVED.fullmatch(chr(byte)) else f"%{byte:02X}" for byte in range(256)
]

_SURROGATES = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_EXTENSIONS: dict[Kind, str] = {
    # Those that browsers show in <img>.
    "image": "apng avif bmp gif ico jfif jpeg jpg png svg webp",
    "video": "3gp avi flv m4v mkv mov mp4 mpeg mpg ogv webm wmv",
    "audio": "aac aif aiff flac m4a mid midi mp3 oga ogg opus wav weba wma",
    "archive": "7z apk bz2 cab deb dmg gz iso jar lz lzma rar rpm tar tgz txz whl xz zip zst",
    "text": "adoc bat c cfg conf cpp cs css csv diff doc docx epub go h hpp htm html ini java js"
    " json kt log lua md mjs odp ods odt patch pdf php pl ppt pptx ps1 py rb rs rst rtf sh sql"
    " swift tex toml ts tsv tsx txt vue xhtml xls xlsx xml yaml yml",
}
_KINDS: dict[str, Kind] = {
    extension: kind
    for kind, extensions in reversed(_EXTENSIONS.items())
    for extension in extensions.split()
}


def show_name(name: str) -> str:
    """Return a name as people may see it: on one line, in the order of its letters.

    A control character becomes its picture (U+2400 and on); what turns letters around, what cannot
    be seen and bytes that are no text become U+FFFD.
    """
    if name.isascii() and name.isprintable():
        return name
    name = _CONTROLS.sub(_picture, name)
    return replace_undecodable(_BIDI_AND_INVISIBLE.sub(_REPLACEMENT, name))


def replace_undecodable(name: str) -> str:
    """Return a name in which bytes that are no text (PEP 383) are U+FFFD."""
    return _SURROGATES.sub(_REPLACEMENT, name)


def replace_controls(name: str) -> str:
    """Return a name that is one line."""
    return _CONTROLS.sub(_picture, name)


def link_to(entry: Entry) -> str:
    """Return a relative reference (RFC 3986 4.2) to an entry, from its folder.

    It begins with ``./``, so that nothing in the name is taken for a scheme. Only unreserved
    characters, ``%`` and ``/`` are in it: it is safe in any attribute.
    """
    segment = entry.name
    # As `urllib.parse.quote` does, in a third of its time: there may be thousands.
    if not _UNRESERVED.fullmatch(segment):
        # surrogatepass: `decode_path` reads it so.
        segment = "".join([_ENCODED[byte] for byte in segment.encode("utf-8", "surrogatepass")])
    return f"./{segment}/" if entry.is_directory else f"./{segment}"


def kind_of(entry: Entry) -> Kind:
    """Return what a name stands for, by its extension."""
    if entry.is_directory:
        return "folder"
    if entry.size is None:  # a device, a link to nothing: it cannot be fetched
        return "other"
    return _KINDS.get(entry.name.rpartition(".")[2].lower(), "other")


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else _REPLACEMENT
