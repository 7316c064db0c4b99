import io
import zipfile

import pypdf
import pytest

from demo_ats.ats.cv import (
    FALLBACK,
    MAX_FILE_BYTES,
    MAX_PAGES,
    MAX_XML_BYTES,
    WORD,
    Line,
    Unreadable,
    lines,
    text_of,
)
from demo_ats.sandbox.pdf import document

DOCUMENT = "word/document.xml"
BILLION_LAUGHS = (
    "<!DOCTYPE a [<!ENTITY l0 'haha'>"
    + "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    + "]><a>&l9;</a>"
)


def blank_pdf(pages: int = 1, password: str | None = None) -> bytes:
    writer = pypdf.PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width=100, height=100)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def docx(body: str) -> bytes:
    return zipped(
        {DOCUMENT: f'<w:document xmlns:w="{WORD[1:-1]}"><w:body>{body}</w:body></w:document>'}
    )


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


BOX = (
    f'<m:AlternateContent xmlns:m="{FALLBACK[1:].partition("}")[0]}">'
    f"<m:Choice>{paragraph('in a box')}</m:Choice><m:Fallback>{paragraph('in a box')}</m:Fallback>"
    "</m:AlternateContent>"
)


def test_the_paragraphs_of_a_word_document_are_read_with_its_lists_and_tables() -> None:
    body = (
        paragraph("In\u00eas &amp; Co.")
        + "<w:p><w:r><w:t>2021</w:t><w:tab/><w:t>Lisbon</w:t><w:br/><w:t>today</w:t></w:r></w:p>"
        + paragraph("Python", "<w:numPr/>")
        + f"<w:tbl><w:tr><w:tc>{paragraph('in a table')}</w:tc></w:tr></w:tbl>"
        + f"<w:p><w:r><w:t>beside</w:t>{BOX}</w:r></w:p>"
        + "<w:p/>"
    )

    told = "In\u00eas & Co.\n2021\tLisbon\ntoday\n- Python\nin a table\nbeside\nin a box"
    assert text_of("CV.docx", docx(body)) == told


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
        ("cv.odt", b"PK", "Choose a .txt, .pdf or .docx file."),
        ("cv", b"text", "Choose a .txt, .pdf or .docx file."),
        ("cv.docx", b"PK", "damaged"),
        ("cv.docx", zipped({"other.xml": "<a/>"}), "damaged"),
        ("cv.docx", docx("<w:p>"), "damaged"),
        ("cv.docx", docx(""), "no text"),
        ("cv.docx", docx(" " * (MAX_XML_BYTES + 1)), "too large"),
        ("cv.docx", zipped({DOCUMENT: BILLION_LAUGHS}), "damaged"),
        ("cv.docx", docx("<w:r>" * 5_000 + "</w:r>" * 5_000), "damaged"),
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
