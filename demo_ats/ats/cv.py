"""CVs: the plain text of an uploaded file, and the kinds of its lines."""

import io
import logging
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal
from xml.etree import ElementTree

import pypdf

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_PAGES = 30
MAX_XML_BYTES = 16 * 1024 * 1024  # unpacked, a DOCX can be a thousand times as large

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
PARAGRAPH, LIST_ITEM = f"{WORD}p", f"{WORD}pPr/{WORD}numPr"
MARKS = {f"{WORD}tab": "\t", f"{WORD}br": "\n", f"{WORD}noBreakHyphen": "-"}
MAX_CHARACTERS = 200_000  # the widget cuts longer ones

logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of everything unusual in a file


class Unreadable(Exception):
    """The file contains no text. The message is for the user who uploaded it."""


def text_of(filename: str, content: bytes) -> str:
    """The text of a .txt, .pdf or .docx file. Raises Unreadable."""
    if len(content) > MAX_FILE_BYTES:
        raise Unreadable("The file is larger than 2 MB.")
    match PurePath(filename).suffix.lower():
        case ".pdf":
            return _clean(_pdf(content))
        case ".docx":
            return _clean(_docx(content))
        case ".txt":
            return _clean(_plain(content))
        case _:
            raise Unreadable("Choose a .txt, .pdf or .docx file.")


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
    except Exception as error:  # pypdf raises many types for broken files
        raise Unreadable("The PDF is damaged. Paste the text instead.") from error
    if not pages.strip():
        raise Unreadable("The PDF holds pictures only. Paste the text instead.")
    return pages


def _docx(content: bytes) -> str:
    """Each paragraph of the document as a line, including those in tables and text boxes."""
    try:
        with (
            zipfile.ZipFile(io.BytesIO(content)) as archive,
            archive.open("word/document.xml") as document,
        ):
            xml = document.read(MAX_XML_BYTES + 1)
        if len(xml) > MAX_XML_BYTES:
            raise Unreadable("The document is too large. Paste the text instead.")
        root = ElementTree.fromstring(xml)  # noqa: S314 - expat limits the size of entities
        text = "\n".join(_paragraphs(root))
    except Unreadable:
        raise
    except Exception as error:  # zipfile and expat raise many types
        raise Unreadable("The document is damaged. Paste the text instead.") from error
    if not text.strip():
        raise Unreadable("The document holds no text. Paste the text instead.")
    return text


def _paragraphs(node: ElementTree.Element) -> Iterator[str]:
    for child in node:
        if child.tag == PARAGRAPH:
            text, is_point = _own_text(child), child.find(LIST_ITEM) is not None
            yield f"- {text}" if is_point and text.strip() else text
        if child.tag != FALLBACK:  # a copy of a text box, for older programs
            yield from _paragraphs(child)


def _own_text(node: ElementTree.Element) -> str:
    """A paragraph's text, without the paragraphs of text boxes in it, which are separate lines."""
    parts = []
    for child in node:
        if child.tag == f"{WORD}t":
            parts.append(child.text or "")
        elif child.tag not in (PARAGRAPH, FALLBACK):
            parts.append(MARKS.get(child.tag) or _own_text(child))
    return "".join(parts)


def _plain(content: bytes) -> str:
    if b"\0" in content:
        raise Unreadable("This is not a text file. Save it as UTF-8 text or as PDF.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # what older Windows programs write


def _clean(text: str) -> str:
    """The text without spaces at the ends of lines, lone surrogates and NUL.

    PDF files may contain the latter two. A lone surrogate cannot be sent in UTF-8.
    """
    sendable = text.encode("utf-8", "ignore").decode().replace("\0", "")
    return "\n".join(line.rstrip() for line in sendable.splitlines()).strip()


@dataclass(frozen=True)
class Line:
    kind: Literal["heading", "point", "plain"]
    text: str


def lines(text: str) -> list[Line]:
    """A CV's lines. One in capitals is a heading, one after a hyphen or bullet is an item."""
    return [_line(line.strip()) for line in text.splitlines()]


def _line(text: str) -> Line:
    if text.startswith(("- ", "• ", "* ")):
        return Line("point", text[2:])
    return Line("heading" if text.isupper() else "plain", text)
