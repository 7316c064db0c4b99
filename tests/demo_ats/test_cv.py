import io

import pypdf
import pytest

from demo_ats.ats.cv import MAX_FILE_BYTES, MAX_PAGES, Line, Unreadable, lines, text_of
from demo_ats.sandbox.pdf import document


def blank_pdf(pages: int = 1, password: str | None = None) -> bytes:
    writer = pypdf.PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width=100, height=100)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_the_lines_of_a_pdf_are_read() -> None:
    assert text_of("CV.PDF", document(["Inês", "Lisbon"])) == "Inês\nLisbon"


@pytest.mark.parametrize(
    "content",
    ["Inês\r\nLisbon".encode(), b"\xef\xbb\xbf" + "Inês\nLisbon".encode(), b"In\xeas\nLisbon \n\n"],
    ids=["utf-8", "utf-8 with a byte order mark", "windows"],
)
def test_text_is_read_in_the_encodings_that_are_met(content: bytes) -> None:
    assert text_of("cv.txt", content) == "Inês\nLisbon"


@pytest.mark.parametrize(
    ("filename", "content", "reason"),
    [
        ("cv.docx", b"PK", "Choose a .txt or .pdf file."),
        ("cv", b"text", "Choose a .txt or .pdf file."),
        ("cv.txt", b"\0\1\2", "not a text file"),
        ("cv.txt", b"x" * (MAX_FILE_BYTES + 1), "larger than 2 MB"),
        ("cv.pdf", b"not a PDF", "damaged"),
        ("cv.pdf", document(["Inês"])[:120], "damaged"),
        ("cv.pdf", blank_pdf(), "pictures only"),
        ("cv.pdf", blank_pdf(password="secret"), "password"),
        ("cv.pdf", blank_pdf(MAX_PAGES + 1), "more than 30 pages"),
    ],
)
def test_a_file_without_readable_text_is_refused_with_the_reason(
    filename: str, content: bytes, reason: str
) -> None:
    with pytest.raises(Unreadable, match=reason):
        text_of(filename, content)


def test_capitals_make_a_heading_and_hyphens_a_point() -> None:
    assert lines("SKILLS\n- Python\n  • Go\nand more\n") == [
        Line("heading", "SKILLS"),
        Line("point", "Python"),
        Line("point", "Go"),
        Line("plain", "and more"),
    ]
