"""Images for a page: PNG data checked once more, strips cut so that they wrap, and all written anew.

A result may come from anywhere by the time it is drawn, so its base64 is not trusted: it has to be one grey or
coloured PNG of a modest size, and what reaches the page are pixels encoded here, not the bytes that came.
"""

from __future__ import annotations

import base64
import binascii
import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from harness.results import GalleryRow
from harness.text import clean

if TYPE_CHECKING:
    from PIL import Image

MAX_BASE64 = 1_500_000
MAX_WIDTH, MAX_HEIGHT = 8_192, 512
MAX_PIECES = 40
ABREAST = 10  # images of one piece; ten of 28 pixels stay readable on a phone
SCALE = 2  # CSS pixels for one of the image's
MAX_SIDE = 1_000  # of a figure
COLOURS = 256

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Piece:
    """A figure, or up to `ABREAST` images of a row. `source` is a data address; width and height are CSS pixels."""

    source: Markup
    alt: str
    width: int
    height: int


def pieces(row: GalleryRow) -> list[Piece]:
    """The row's strip in pieces, from left to right. Empty where `row.png` is no base64 of a PNG of fair size."""
    image = _opened(row.png, "L", MAX_WIDTH, MAX_HEIGHT)
    if image is None:
        return []
    count = row.images if row.images > 0 and image.width % row.images == 0 else 1
    step = image.width // count
    label = clean(row.label, 80)
    made = []
    for first in range(0, count, ABREAST):
        last = min(first + ABREAST, count)
        part = image.crop((first * step, 0, last * step, image.height))
        which = "" if count == 1 else f": images {first + 1} to {last} of {count}"
        made.append(Piece(_address(part), f"{label}{which}", part.width * SCALE, part.height * SCALE))
    return made[:MAX_PIECES]


def figure(png: str, alt: str) -> Piece | None:
    """A figure in colour, one CSS pixel for each of its own; None where `png` is no PNG of fair size in base64."""
    image = _opened(png, "RGB", MAX_SIDE, MAX_SIDE)
    if image is None:
        return None
    few = image.quantize(COLOURS, 2)  # an octree: exact where there are no more colours than that
    return Piece(_address(few), clean(alt, 160), image.width, image.height)


def _address(image: Image.Image) -> Markup:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return Markup("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode())  # noqa: S704  # base64


def _opened(encoded: str, mode: str, width: int, height: int) -> Image.Image | None:
    """The image of a PNG in base64 that is at most so large, or None."""
    from PIL import Image, UnidentifiedImageError

    data = _png(encoded, width, height)
    if data is None:
        return None
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as opened:
            image = opened.convert(mode)
            image.info = {}  # pixels alone: Pillow would write colour profiles and the like again as they came
            return image
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, MemoryError):
        return None


def _png(encoded: str, most_wide: int, most_high: int) -> bytes | None:
    """The bytes of a PNG whose header names a fair size; None for anything else."""
    if len(encoded) > MAX_BASE64 or not encoded.isascii():
        return None
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    if data[:8] != _SIGNATURE or data[12:16] != b"IHDR" or len(data) < 33:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return data if 0 < width <= most_wide and 0 < height <= most_high else None
