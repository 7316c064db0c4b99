"""CVs: the plain text of an uploaded file, and what its lines are."""

import io
import logging
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

import pypdf

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_PAGES = 30
MAX_CHARACTERS = 200_000  # the Partner API's widget takes no more

logging.getLogger("pypdf").setLevel(logging.ERROR)


class Unreadable(Exception):
    """The file gives no text; the message is for the person who uploaded it."""


def text_of(filename: str, content: bytes) -> str:
    """The text of a .txt or .pdf file. Raises Unreadable."""
    if len(content) > MAX_FILE_BYTES:
        raise Unreadable("The file is larger than 2 MB.")
    match PurePath(filename).suffix.lower():
        case ".pdf":
            return _clean(_pdf(content))
        case ".txt":
            return _clean(_plain(content))
        case _:
            raise Unreadable("Choose a .txt or .pdf file.")


def _pdf(content: bytes) -> str:
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            raise Unreadable("The PDF is protected by a password. Paste the text instead.")
        if len(reader.pages) > MAX_PAGES:
            raise Unreadable(f"The PDF has more than {MAX_PAGES} pages.")
        pages = "\n\n".join(page.extract_text() for page in reader.pages)
    except Unreadable:
        raise
    except Exception as error:  # pypdf lets many kinds of exception out of broken files
        raise Unreadable("The PDF is damaged. Paste the text instead.") from error
    if not pages.strip():
        raise Unreadable("The PDF holds pictures only. Paste the text instead.")
    return pages


def _plain(content: bytes) -> str:
    if b"\0" in content:
        raise Unreadable("This is not a text file. Save it as UTF-8 text or as PDF.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _clean(text: str) -> str:
    """Without what cannot travel as JSON: lone surrogates and NUL, both seen in PDF files."""
    sendable = text.encode("utf-8", "ignore").decode().replace("\0", "")
    return "\n".join(line.rstrip() for line in sendable.splitlines()).strip()


@dataclass(frozen=True)
class Line:
    kind: Literal["heading", "point", "plain"]
    text: str


def lines(text: str) -> list[Line]:
    """A CV line by line; capitals make a heading, a hyphen or bullet makes a point."""
    return [_line(line.strip()) for line in text.splitlines()]


def _line(text: str) -> Line:
    if text.startswith(("- ", "• ", "* ")):
        return Line("point", text[2:])
    return Line("heading" if text.isupper() else "plain", text)
