"""The technique behind every figure: matplotlib draws, and what it drew becomes part of a page.

Matplotlib draws in sentinel colours; afterwards they become the page's CSS variables, so that a figure follows
the light or dark theme. Text stays text in the page's own face. The same data give the same bytes.

Matplotlib is imported where it is used: importing this module costs nothing.
"""

from __future__ import annotations

import re
import threading
import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET  # parses only what matplotlib just wrote

from harness.text import for_xml

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 420  # CSS pixels; the page scales a figure to its column, and 12 px text stays readable on a phone
TEXT = 12
SVG = "http://www.w3.org/2000/svg"

INK, MUTED, LINE, ACCENT, ASKED = "#010101", "#010102", "#010103", "#010104", "#010105"
COLOURS = {
    INK: "var(--ink, currentColor)",
    MUTED: "var(--muted, currentColor)",
    LINE: "var(--line-strong, currentColor)",
    ACCENT: "var(--accent, currentColor)",
    ASKED: "var(--ink, currentColor)",
}
_LOCK = threading.Lock()  # matplotlib's settings belong to the process
_SIZE = re.compile(r"([\d.]+)px")
_REFERENCE = re.compile(r"#([\w-]+)")


def canvas(*, height: int, left: int, right: int, top: int, bottom: int) -> tuple[Figure, Axes]:
    """A figure of `WIDTH` by `height` pixels with one pair of axes inside these margins."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
    figure.patch.set_visible(False)
    box = (left / WIDTH, bottom / height, 1 - (left + right) / WIDTH, 1 - (top + bottom) / height)
    axes = figure.add_axes(box)
    axes.patch.set_visible(False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=LINE, linewidth=1)
    axes.tick_params(color=LINE, labelcolor=MUTED, labelsize=TEXT, length=3)
    axes.set_axisbelow(True)
    return figure, axes


def to_svg(figure: Figure, name: str, title: str, told: str) -> str:
    """The figure as an `<svg>` element for a page: themed, labelled, without a prolog or fixed size."""
    import matplotlib as mpl

    drawn = BytesIO()
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": name, "font.size": TEXT}
    with _LOCK, warnings.catch_warnings(), mpl.rc_context(settings):
        # The browser draws the text: that matplotlib's own face lacks a glyph is of no account.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ET.fromstring(drawn.getvalue())  # noqa: S314  # matplotlib's own output of a moment ago
    for element in list(root):
        if element.tag.endswith("}metadata"):
            root.remove(element)
    for parent in root.iter():
        for child in list(parent):
            if child.tag.endswith("}style"):  # a rule for `*` would restyle the page around the figure
                parent.remove(child)
    used = {
        match for element in root.iter() for value in element.attrib.values() for match in _REFERENCE.findall(value)
    }
    for element in root.iter():
        _plain(element, used, name)
    view = root.get("viewBox", f"0 0 {WIDTH} 200")
    root.attrib.clear()
    root.attrib.update(
        {
            "xmlns": SVG,
            "viewBox": view,
            "class": "figure",
            "role": "img",
            "stroke-linejoin": "round",
            "aria-labelledby": f"{name}-title {name}-desc",
        }
    )
    for position, (tag, text) in enumerate((("title", title), ("desc", told))):
        label = ET.Element(tag, id=f"{name}-{tag}")
        label.text = for_xml(text, 1_200)
        root.insert(position, label)
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)


def _plain(element: ET.Element, used: set[str], name: str) -> None:
    """Style declarations become attributes and sentinel colours variables; ids that nothing refers to go."""
    element.tag = element.tag.rpartition("}")[2]
    element.tail = None if element.tag != "tspan" else element.tail
    for declaration in element.attrib.pop("style", "").split(";"):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key == "font":  # the shorthand is no attribute; the face is the page's
            found = _SIZE.search(value)
            element.set("font-size", found[1] if found else str(TEXT))
        elif key and key != "font-family":
            element.set(key, value)
    for key, value in list(element.attrib.items()):
        bare = key.rpartition("}")[2]
        if key == "id":
            del element.attrib[key]
            if value in used:
                element.set("id", f"{name}-{value}")
        elif bare == "href":
            del element.attrib[key]
            element.set("href", value.replace("#", f"#{name}-", 1))
        elif bare == "transform" and value.startswith("rotate(-0 "):
            del element.attrib[key]
        elif value.startswith("url(#"):
            element.set(key, value.replace("url(#", f"url(#{name}-"))
        else:
            element.set(key, COLOURS.get(value, value))
