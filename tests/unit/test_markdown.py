"""Written answers: what a student typed can be read, and nothing of it acts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.sample_hostile import HOSTILE

from harness.markdown import LIMIT, TAGS, to_html

LINK = re.compile(r'<a href="https?://[^"]*" rel="noopener noreferrer nofollow">')


def assert_harmless(html: str) -> None:
    """Only allowed tags, and no attribute but a web link's."""
    for tag in re.findall(r"<[^>]*>", html):
        name = re.match(r"</?([a-z]+)", tag)
        assert name, tag
        assert name[1] in TAGS, tag
        assert LINK.fullmatch(tag) or re.fullmatch(r"</?[a-z]+>", tag), tag


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("plain", "<p>plain</p>"),
        ("*a* **b** `c`", "<p><em>a</em> <strong>b</strong> <code>c</code></p>"),
        ("# Task 2", "<p><strong>Task 2</strong></p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("```python\nx < 1\n```", "<pre><code>x &lt; 1\n</code></pre>"),
        ("$a_i * b_i * c_i$ and *x*", "<p><code>$a_i * b_i * c_i$</code> and <em>x</em></p>"),
        (r"$$\sum_i y_i \\ x$$", r"<p><code>$$\sum_i y_i \\ x$$</code></p>"),
        (r"\begin{align}a_1_2\end{align}", r"<p><code>\begin{align}a_1_2\end{align}</code></p>"),
        ("it costs $5 and $6", "<p>it costs $5 and $6</p>"),
        ("![the network](attachment:image.png)", "<p>[image: the network]</p>"),
        ("![](https://evil.example/track.gif)", "<p>[image]</p>"),
        ("[up](../secret)", "<p>up</p>"),
        ("[mail](mailto:a@example.org)", "<p>mail</p>"),
        ("[a](https://good.example@evil.example)", "<p>a</p>"),
        ("www.example.org", "<p>www.example.org</p>"),
        ("", ""),
    ],
)
def test_what_is_written_can_be_read(markdown: str, html: str) -> None:
    assert to_html(markdown).strip() == html


def test_links_show_where_they_lead() -> None:
    rel = 'rel="noopener noreferrer nofollow"'
    assert (
        to_html("[Keras](https://keras.io)")
        == f'<p><a href="https://keras.io" {rel}>Keras</a> (https://keras.io)</p>\n'
    )
    assert to_html("<https://keras.io>") == f'<p><a href="https://keras.io" {rel}>https://keras.io</a></p>\n'
    html = to_html("[https://good.example](https://evil.example/a) and [b *c*](http://d.example)")
    assert "</a> (https://evil.example/a) and" in html
    assert "</a> (http://d.example)" in html
    assert_harmless(html)


def test_tables_keep_their_cells_and_lose_their_styles() -> None:
    html = to_html("| a | b |\n|:-:|--:|\n| 1 | 2 |")
    assert "<td>1</td>" in html
    assert_harmless(html)


ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt&colon;alert(1))",
    "[a](java\nscript:alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](//evil.example)",
    "[a](https://[::1)",
    "![a](javascript:alert(1))",
    '![a" onerror="alert(1)](x "t")',
    '[a](https://x.example/"onmouseover="alert(1) "title")',
    "<javascript:alert(1)>",
    "[a]: javascript:alert(1)\n\n[a]",
    "```\n</code></pre><script>alert(1)</script>\n```",
    '``` "><script>alert(1)</script>\nx\n```',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "$</code><script>alert(1)</script>$",
    "<style>*{display:none}</style><iframe src=//evil.example>",
    "- " * 10_000,
    "> " * 10_000,
    "[" * 10_000,
    "*" * 10_000,
    "![" * 5_000,
    "`" * 9_999,
    "$" * 9_999,
    "\\begin{a}" * 2_000,
    "".join("  " * depth + "- x\n" for depth in range(10_000)),
    "|" * 5_000 + "\n" + "|-" * 2_500,
    *HOSTILE,
)


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_nothing_that_is_written_acts(text: str) -> None:
    html = to_html(text)
    assert_harmless(html)
    assert len(html) < 40 * LIMIT


@given(st.text(alphabet="ab <>[]()!*_`$|-#\\\n\"'&:/https.jvcript=", max_size=300))
def test_any_text_is_harmless(text: str) -> None:
    assert_harmless(to_html(text))


def test_markup_of_the_hand_in_is_shown_as_text() -> None:
    assert "&lt;script&gt;" in to_html(ATTACKS[0])
