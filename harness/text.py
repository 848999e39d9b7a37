"""Text from a hand-in on its way to a page, a terminal, a table or XML; and numbers as people write them.

Every string of a submission is hostile until it has passed `clean`: file names, error messages, claims, layer
names. Escaping for HTML is jinja2's; what is done here is what escaping leaves in: characters that cannot be
seen, that turn the reading direction, or that a terminal obeys.
"""

from __future__ import annotations

import re
import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
NO_VALUE = "–"

_ANSI = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\^_]")
_NEWLINES = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # letters and marks that draw nothing
_UNWANTED = frozenset({"Cc", "Cf", "Cs", "Co"})  # controls, formats (bidi, zero width), surrogates, private use
_MARKS = frozenset({"Mn", "Me"})
_MAX_MARKS = 3  # combining marks on one letter; Vietnamese needs two
_NEGATIVE = re.compile(r"(?<![\w.])-(?=\d)")
_ILLEGAL_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_SECOND_FORMULA = re.compile(r"(;\s*)(?=[=+\-@＝＋－＠])")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def clean(text: str, limit: int = 2_000, *, lines: bool = False) -> str:
    """`text` with nothing in it that hides, reorders or commands, and at most `limit` characters long.

    Terminal sequences go; control characters, bidi overrides, zero-width and private characters become U+FFFD;
    piles of combining marks are cut. White space shrinks to single blanks, unless `lines` keeps line ends and
    tabs. What is too long ends in "…".
    """
    text = text[: 4 * limit + 64]  # bounded work on text of any length
    if not (text.isascii() and text.isprintable()):  # in which there is nothing to look for
        text = _kept(_NEWLINES.sub("\n", _ANSI.sub("", text)), lines)
    shown = text.strip("\n") if lines else " ".join(text.split())
    return shown if len(shown) <= limit else shown[: max(limit - 1, 0)].rstrip() + "…"


def _kept(text: str, lines: bool) -> str:
    """`text` character by character, as `clean` has it."""
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARKS else 0
        if marks > _MAX_MARKS:
            continue
        if character in "\n\t":
            kept.append(character)
        elif category in _UNWANTED or character in _BLANK or _is_noncharacter(character):
            kept.append(REPLACEMENT)
        else:
            kept.append(" " if category == "Zs" and not lines else character)
    return "".join(kept)


def for_terminal(text: str, limit: int = 400) -> str:
    """One line for a terminal. Rich's own `[markup]` is not touched: print it through `rich.text.Text`."""
    return clean(text, limit)


def for_csv(text: str, limit: int = 400) -> str:
    """One cell of a table. A spreadsheet takes a leading = + - @ for a formula, so it gets a quote before it;
    behind a semicolon too, which ends a cell where commas are decimal points.

    A plain number, `-1.5` for instance, stays as it is.
    """
    risky = text.startswith(_FORMULA)
    shown = clean(text, limit)
    if _NUMBER.fullmatch(shown):
        return shown
    shown = _SECOND_FORMULA.sub(r"\1'", shown)
    return f"'{shown}" if risky or shown.startswith(_FORMULA) else shown


def for_xml(text: str, limit: int = 4_000) -> str:
    """Text that XML 1.0 may hold: cleaned, lines kept, characters that XML forbids removed."""
    return _ILLEGAL_XML.sub("", clean(text, limit, lines=True))


def points(value: float | None) -> str:
    """Points as a person writes them: 0.25, 1, 4.5; a dash where there is no value."""
    return NO_VALUE if value is None else _plain(f"{value:.3f}")


def number(value: float | None) -> str:
    """A measured number: 12,345 · 0.9713 · −12.5 · 1e-6; a dash where there is no value."""
    if value is None:
        return NO_VALUE
    size = abs(value)
    if size >= 1e12 or 0 < size < 1e-3:
        mantissa, _, exponent = f"{value:.2e}".partition("e")
        return signed(f"{_plain(mantissa)}e{int(exponent)}")
    if size < 10:
        return signed(_plain(f"{value:.4f}"))
    return signed(_plain(f"{value:,.2f}" if size < 1000 else f"{value:,.1f}"))


def signed(number: str) -> str:
    """Written numbers with a minus where Python writes a hyphen; exponents, 1e-6, are left as code has them."""
    return _NEGATIVE.sub("−", number)


def share(value: float, difference: bool = False) -> str:
    """A share of 1 as a person reads it, 97.12%; a difference of two shares in percentage points."""
    return signed(f"{100 * value:.2f} percentage points") if difference else f"{value:.2%}"


def quantity(count: int, one: str, many: str | None = None) -> str:
    """A count and its word: "1 check", "3 checks", "2 hand-ins"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def size(count: int) -> str:
    """A file's size: 812 bytes, 14.2 kB, 3.1 MB, 5.4 GB."""
    if count < 1_000:
        return quantity(count, "byte")
    for unit, one in (("kB", 10**3), ("MB", 10**6)):
        if count < 1_000 * one:
            return f"{count / one:.1f} {unit}"
    return f"{count / 10**9:,.1f} GB"


def seconds(value: float) -> str:
    """A duration: 0.4 s, 12.3 s, 2 min 5 s."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes:,} min {rest} s" if rest else f"{minutes:,} min"


def _is_noncharacter(character: str) -> bool:
    code = ord(character)
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _plain(digits: str) -> str:
    """Without trailing zeros, and without a minus before nothing."""
    shown = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return "0" if shown == "-0" else shown
