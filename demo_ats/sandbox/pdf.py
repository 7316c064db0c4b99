"""A PDF of one page with lines of text, for the hosted report."""

from collections.abc import Sequence

PAGE = "0 0 595 842"  # A4, in points
MARGIN, TOP, LEADING = 56, 780, 18


def document(lines: Sequence[str]) -> bytes:
    """A PDF with these lines. Characters outside of Latin-1 become question marks."""
    text = "".join(f"({_escaped(line)}) Tj T*\n" for line in lines)
    content = f"BT /F1 12 Tf {LEADING} TL {MARGIN} {TOP} Td\n{text}ET"
    length = len(content.encode("latin-1", "replace"))
    return _assembled(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{PAGE}] /Contents 4 0 R"
            " /Resources << /Font << /F1 5 0 R >> >> >>",
            f"<< /Length {length} >>\nstream\n{content}\nendstream",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        ]
    )


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _assembled(objects: Sequence[str]) -> bytes:
    """A PDF file: the objects, numbered from 1, and the table of their offsets."""
    document = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(document))
        document += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1", "replace")
    start = len(document)
    entries = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    document += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{entries}"
        f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    ).encode()
    return bytes(document)
