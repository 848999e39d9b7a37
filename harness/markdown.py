"""A hand-in's written answers on their way to a page: markdown in, a few harmless tags out.

Two walls, either of which would hold: markdown-it-py renders without raw HTML, and nh3 lets pass only the tags
named here, without attributes but a link's. Nothing is loaded: images become their alternative text. Headings
become bold lines, as the page's outline is ours. Mathematics stays the text that the student typed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from harness.text import clean

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

LIMIT = 8_000  # characters of one passage; a page of print has about 3,000
# What a report needs: no heading, no image, nothing that loads.
_TEXT = {"p", "br", "em", "strong", "code", "pre", "blockquote", "hr", "a", "ul", "ol", "li"}
TAGS = frozenset(_TEXT | {"table", "thead", "tbody", "tr", "th", "td"})
RELATION = "noopener noreferrer nofollow"

_WEB = re.compile(r"https?://[\w.-]{1,253}(?::\d{1,4})?(?:[/?#]\S*)?")  # no name or password before the host
_MATHEMATICS = re.compile(
    r"\$\$[^$]{1,3000}\$\$|\$(?![\s$])[^$\n]{1,500}(?<!\s)\$(?!\d)"
    r"|\\\([^$\n]{1,500}?\\\)|\\\[[^$]{1,3000}?\\\]|\\begin\{(\w{1,20}\*?)\}.{1,3000}?\\end\{\1\}",
    re.DOTALL,
)


def to_html(markdown: str, limit: int = LIMIT) -> Markup:
    """`markdown` (CommonMark, and tables) as HTML of `TAGS` alone, from its first `limit` characters.

    Only `http` and `https` links remain links, each followed by its address where its text is another.
    """
    import nh3

    shown = clean(markdown, limit, lines=True)
    try:
        html = _parser().render(shown)
    except Exception:  # a parser's bug costs the student neither marks nor a page: the text is shown as typed
        html = f"<pre>{escape(shown)}</pre>"
    kept = nh3.clean(
        html, tags=set(TAGS), attributes={"a": {"href"}}, url_schemes={"http", "https"}, link_rel=RELATION
    )
    return Markup(kept)  # noqa: S704  # sanitised in the line above


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 20}).enable("table")
    parser.inline.ruler.before("escape", "mathematics", _mathematics)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("heading_open", lambda *_: "<p><strong>")
    parser.add_render_rule("heading_close", lambda *_: "</strong></p>\n")
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("link_close", _link_close)
    return parser


def _mathematics(state: StateInline, silent: bool) -> bool:
    """An inline rule: what stands between dollars, or in an environment, is one piece of code, never emphasis."""
    if state.src[state.pos] not in "$\\":
        return False
    found = _MATHEMATICS.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        token = state.push("code_inline", "code", 0)
        token.content = found[0]
    state.pos = found.end()
    return True


def _image(_: RendererHTML, tokens: Sequence[Token], index: int, *__: Any) -> str:
    alt = tokens[index].content
    return str(escape(f"[image: {alt}]" if alt.strip() else "[image]"))


def _link_open(_: RendererHTML, tokens: Sequence[Token], index: int, *__: Any) -> str:
    address = _address(tokens[index])
    return f'<a href="{escape(address)}">' if address else ""


def _link_close(_: RendererHTML, tokens: Sequence[Token], index: int, *__: Any) -> str:
    opened = max(i for i in range(index) if tokens[i].type == "link_open")  # links do not nest
    address = _address(tokens[opened])
    if not address:
        return ""
    said = "".join(token.content for token in tokens[opened + 1 : index])
    return "</a>" if said == address else f"</a> ({escape(clean(address, 120))})"


def _address(token: Token) -> str:
    """Where a link leads, if that is a web page; "" for anything else, whose text alone is shown."""
    address = str(token.attrGet("href") or "")
    return address if _WEB.fullmatch(address) else ""
