"""PDFs made by hand: small reports, and hostile ones."""

from __future__ import annotations

import zlib
from collections.abc import Sequence


def pdf(*pages: Sequence[str], title: str = "", extra: str = "") -> bytes:
    """A PDF of these pages, each a list of lines. `extra` goes into the trailer."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for index, lines in enumerate(pages):
        shown = b" T* ".join(b"(" + _escaped(line) + b") Tj" for line in lines)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * index} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(stream(b"BT /F1 11 Tf 14 TL 60 780 Td " + shown + b" ET"))
    if title:
        objects.append(b"<< /Title (" + _escaped(title) + b") >>")
        extra += f" /Info {len(objects)} 0 R"
    return document(objects, extra)


def stream(data: bytes, *, length: int | None = None) -> bytes:
    """A compressed stream object; `length` is what it says of itself."""
    packed = zlib.compress(data)
    said = len(packed) if length is None else length
    return f"<< /Length {said} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream"


def document(objects: Sequence[bytes], extra: str = "") -> bytes:
    """These objects, numbered from 1, with their table and a trailer; the first is the catalog."""
    made = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    start = len(made)
    made += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode() + table
    made += f"trailer << /Size {len(objects) + 1} /Root 1 0 R{extra} >>\nstartxref\n{start}\n%%EOF\n".encode()
    return made


def _escaped(line: str) -> bytes:
    data = line.encode("cp1252", "replace")
    return data.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
