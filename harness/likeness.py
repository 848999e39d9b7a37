"""Whose source is nearly the same: winnowing fingerprints of the code that a hand-in adds to what was handed out.

Source becomes a row of signs: comments, layout and the names that a hand-in chose itself do not count, the words of
Python and of libraries do. Of the hashes of all K signs in a row, each window of W keeps the lowest (Schleimer,
Wilkerson and Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003): whatever two hand-ins
share for K + W - 1 signs or more is found. What they share with a file that the class was given is left out before.

The outcome is for a person to read, and never points: groups may work from one lecture, one book or one idea.
Hand-ins are hostile text. Reading one takes time linear in its length, which is bounded, and nothing of it is run.
"""

from __future__ import annotations

import builtins
import hashlib
import json
import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.recording import SourceRecord, Where

K = 20  # signs of a fingerprint: two to three lines
W = 20  # hashes of a window: a shared passage of 39 signs, about five lines, is found. No more than K, so that
# fingerprints that follow each other touch
HANDED_OUT = 12  # signs in a row that are taken for the handed-out file's where they stand in it
MAX_CHARACTERS = 500_000  # of one hand-in; a long notebook has 60,000
MAX_SIGNS = 100_000  # of one hand-in; a long notebook has 15,000
MIN_PRINTS = 15  # shared fingerprints that are worth a look: some twenty lines
MIN_SHARE = 0.5  # of the shorter own code that has to be shared; measured in tests/unit/test_likeness.py
COMMON = 1 / 5  # of the class: what more hand-ins share is taken as handed out, where no file is known
FEW = 3  # that many hand-ins may share something in any class before it is taken as handed out
OCCURRENCES = 4  # of one fingerprint in a hand-in that are looked at for the longest passage

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]

_TOKEN = re.compile(
    r"""(?sx)
    [rRbBfFuU]{0,2}(?:\"{3}(?:[^"\\]|\\(?:.|\Z)|"(?!""))*(?:\"{3}|\Z)|'{3}(?:[^'\\]|\\(?:.|\Z)|'(?!''))*(?:'{3}|\Z)
                     |"(?:[^"\\\n]|\\(?:.|\Z))*"?|'(?:[^'\\\n]|\\(?:.|\Z))*'?)
    | \#[^\n]*
    | \\?\n
    | (?:\d|\.\d)(?:[\w.]|(?<=[eE])[+-](?=\d))*
    | [^\W\d]\w*
    | \*\*=? | //=? | >>=? | <<=? | \.\.\. | -> | := | [-+*/%@&|^=!<>]= | [-+*/%@&|^~=<>()\[\]{},:.;]
    """
)
# No repetition here ever has to give back what it took. None is written as possessive: those of Python before
# 3.11.5, which Debian 12 has, match too little (https://github.com/python/cpython/issues/100061).
_STRING = re.compile(r"[rRbBfFuU]{0,2}[\"']")
_NAME, _TEXT, _PLAIN, _SKIPPED = range(4)
_KNOWN = frozenset(keyword.kwlist) | frozenset(dir(builtins))
_OPENS, _CLOSES = "([{", ")]}"


@dataclass(frozen=True)
class Signs:
    """Source as a row of signs: a word for each, the cell that it stands in, and its line there."""

    words: Words
    cells: Numbers
    lines: Numbers
    places: tuple[Where, ...]
    """Of each cell."""


@dataclass(frozen=True)
class Print:
    """The fingerprints of one hand-in's own code, in the order of its source.

    `hashes`, `starts` (the number of its first sign), `cells` and `lines` (where it begins), `end_cells` and
    `end_lines` have one value a fingerprint; `signs` counts those of the own code.
    """

    hashes: Words
    starts: Numbers
    cells: Numbers
    lines: Numbers
    end_cells: Numbers
    end_lines: Numbers
    places: tuple[Where, ...]
    signs: int


@dataclass(frozen=True)
class Passage:
    """A part of one hand-in, from a line to a line; `last` stands in another cell where the two differ."""

    first: Where
    last: Where


@dataclass(frozen=True)
class Pair:
    """Two hand-ins, by their numbers, whose own code is nearly the same.

    `shares`: which share of each one's own code stands in the other, in [0, 1]. `passages`: where the longest
    passage that they share stands in each, `signs` long; None where nobody has looked.
    """

    hand_ins: tuple[int, int]
    shares: tuple[float, float]
    passages: tuple[Passage, Passage] | None = None
    signs: int = 0


def handed_out(texts: Iterable[str]) -> frozenset[int]:
    """What to leave out of hand-ins: every HANDED_OUT signs in a row of the files that the class was given."""
    grams: set[int] = set()
    for text in texts:
        words = _signs([SourceRecord(where=Where(file=""), text=text[:400_000])]).words
        grams.update(_grams(words, HANDED_OUT).tolist())
    return frozenset(grams)


def read_handed_out(path: Path) -> tuple[str, ...]:
    """The code of a notebook or script that the class was given; ValueError where a notebook is none."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return (text,)
    notebook = json.loads(text)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError(f"{path.name} is no notebook of format 4")
    return tuple("".join(cell.get("source", "")) for cell in cells if cell.get("cell_type") == "code")


def fingerprint(sources: Sequence[SourceRecord], known: frozenset[int] = frozenset()) -> Print:
    """The fingerprints of a hand-in's code, without what stands in the files that the class was given (`known`)."""
    signs = _signs(sources)
    own = ~_covered(signs.words, known)
    hashes = _grams(signs.words, K)
    usable = _sums(own, K) == K
    chosen = _winnowed(np.where(usable, hashes, np.iinfo(np.uint64).max))
    chosen = chosen[usable[chosen]]
    ends = chosen + K - 1
    return Print(
        hashes=hashes[chosen], starts=chosen, cells=signs.cells[chosen], lines=signs.lines[chosen],
        end_cells=signs.cells[ends], end_lines=signs.lines[ends], places=signs.places, signs=int(own.sum()),
    )  # fmt: skip


def alike(prints: Sequence[Print], *, without_common: bool) -> list[Pair]:
    """The pairs of hand-ins that share MIN_SHARE of the shorter one's own code or more, the most alike first,
    without their passages (`with_passages`).

    `without_common`: no handed-out file is known, so what more than COMMON of the class share, and more than FEW,
    counts for none of them. Takes n² memory for n hand-ins: 90,000 numbers for 300.
    """
    if len(prints) < 2:
        return []
    from scipy.sparse import csr_matrix

    sets = [np.unique(each.hashes) for each in prints]
    every, columns = np.unique(np.concatenate([np.empty(0, np.uint64), *sets]), return_inverse=True)
    rows = np.repeat(np.arange(len(sets)), [len(each) for each in sets])
    holds: Any = csr_matrix((np.ones(len(rows), np.int32), (rows, columns)), shape=(len(sets), len(every)))
    if without_common:
        holders = np.bincount(columns, minlength=len(every))
        holds = holds[:, holders <= max(FEW, COMMON * len(prints))]
    sizes = np.asarray(holds.sum(axis=1)).ravel()
    shared = (holds @ holds.T).tocoo()
    pairs = []
    for one, other, count in zip(shared.row.tolist(), shared.col.tolist(), shared.data.tolist(), strict=True):
        if one >= other or count < MIN_PRINTS:
            continue
        shares = (float(count / sizes[one]), float(count / sizes[other]))
        if max(shares) >= MIN_SHARE:
            pairs.append(Pair((one, other), shares))
    return sorted(pairs, key=lambda pair: (-sum(pair.shares), pair.hand_ins))


def with_passage(pair: Pair, prints: Sequence[Print]) -> Pair:
    """The pair with its longest shared passage.

    Two fingerprints belong to one passage where they stand equally far apart in both hand-ins, and touch: what lies
    between them is then the same too.
    """
    one, other = (prints[number] for number in pair.hand_ins)
    longest = max(_runs(one, other), key=lambda run: _length(one, run), default=None)
    if longest is None:
        return pair
    (first, first_other), (last, last_other) = longest[0], longest[-1]
    passages = (_passage(one, first, last), _passage(other, first_other, last_other))
    return Pair(pair.hand_ins, pair.shares, passages, _length(one, longest))


# --- signs


def _signs(sources: Sequence[SourceRecord]) -> Signs:
    """The signs of all cells in a row."""
    left = MAX_CHARACTERS
    tokens: list[str] = []
    counts = []
    for source in sources:
        found = _TOKEN.findall(source.text) if len(source.text) <= left else []
        left -= len(source.text)
        tokens += found
        counts.append(len(found))
    distinct = list(dict.fromkeys(tokens))
    numbers = dict(zip(distinct, range(len(distinct)), strict=True))
    ids = np.fromiter(map(numbers.__getitem__, tokens), np.int64, len(tokens))
    kinds = np.array([_kind(token) for token in distinct], np.int64)
    newlines = np.array([token.count("\n") for token in distinct], np.int64)
    cells = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(newlines[ids]) - newlines[ids] if len(ids) else ids
    lines = 1 + before - _at_start_of_cell(before, counts)
    kept = np.flatnonzero(kinds[ids] != _SKIPPED)[:MAX_SIGNS] if len(ids) else ids
    sizes = np.bincount(cells[kept], minlength=len(counts))
    words = _words(ids[kept], distinct, kinds, sizes, _imported(tokens))
    return Signs(words, cells[kept], lines[kept], tuple(source.where for source in sources))


def _kind(token: str) -> int:
    if _STRING.match(token):
        return _TEXT
    if token[0] == "#" or token[-1] == "\n":
        return _SKIPPED
    return _NAME if token[0].isalpha() or token[0] == "_" else _PLAIN


def _words(ids: Numbers, distinct: list[str], kinds: Numbers, sizes: Numbers, imported: set[str]) -> Words:
    """A number for each sign: the same for every string, and for every name that is the hand-in's own choice.

    Those are names that are neither Python's nor imported, that follow no point (`model.add`) and that name no
    argument (`epochs=10`).
    """
    if not len(ids):
        return np.empty(0, np.uint64)
    own, text = "a name", "a string"
    spelled = [text if kind == _TEXT else token for token, kind in zip(distinct, kinds, strict=True)]
    words = np.array([_word(token) for token in spelled], np.uint64)[ids]
    public = _KNOWN | imported
    free = np.array([kind == _NAME and token not in public for token, kind in zip(distinct, kinds, strict=True)])
    steps = np.array([(token in _OPENS) - (token in _CLOSES) if len(token) == 1 else 0 for token in distinct])[ids]
    depth = np.cumsum(steps)
    depth -= _at_start_of_cell(depth - steps, sizes)
    after_point = np.concatenate([[False], _is(ids, distinct, ".")[:-1]])
    before_equals = np.concatenate([_is(ids, distinct, "=")[1:], [False]])
    words[free[ids] & ~after_point & ~(before_equals & (depth > 0))] = _word(own)
    return words


def _is(ids: Numbers, distinct: list[str], token: str) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = ids == (distinct.index(token) if token in distinct else -1)
    return found


def _at_start_of_cell(values: Numbers, sizes: Sequence[int] | Numbers) -> Numbers:
    """For each sign, the value at the first sign of its cell."""
    if not len(values):
        return values
    ends = np.cumsum(sizes)
    firsts = np.minimum(ends - sizes, len(values) - 1)
    return np.repeat(values[firsts], sizes)


def _word(token: str) -> int:
    return int.from_bytes(hashlib.blake2b(token.encode("utf-8", "replace"), digest_size=8).digest())


def _imported(tokens: list[str]) -> set[str]:
    """The names of `import a.b` and `from a import b, c`, as they are called in the library."""
    names: set[str] = set()
    place = -1
    for _ in range(tokens.count("import")):
        place = tokens.index("import", place + 1)
        inside = False
        for before, name in zip(tokens[place : place + 200], tokens[place + 1 : place + 201], strict=False):
            inside = (inside or name == "(") and name != ")"
            if name == "\n" and not inside:
                break
            if before != "as":
                names.add(name)
    return names


# --- fingerprints


def _grams(words: Words, size: int) -> Words:
    """A hash of each `size` signs in a row: a polynomial of their words modulo 2⁶⁴, its bits mixed."""
    count = max(0, len(words) - size + 1)
    hashes = np.zeros(count, np.uint64)
    for offset in range(size):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + words[offset : offset + count]
    hashes ^= hashes >> np.uint64(31)  # the finish of splitmix64
    hashes *= np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(29))


def _covered(words: Words, known: frozenset[int]) -> NDArray[np.bool_]:
    """Which signs stand in a passage of HANDED_OUT signs that is known."""
    starts = np.isin(_grams(words, HANDED_OUT), np.fromiter(known, np.uint64, len(known)))
    change = np.zeros(len(words) + 1, np.int64)
    places = np.flatnonzero(starts)
    np.add.at(change, places, 1)
    np.add.at(change, places + HANDED_OUT, -1)
    return np.cumsum(change)[:-1] > 0


def _sums(values: NDArray[np.bool_], size: int) -> Numbers:
    """The sum of each `size` values in a row."""
    total = np.concatenate([[0], np.cumsum(values)])
    return total[size:] - total[:-size] if len(values) >= size else np.empty(0, np.int64)


def _winnowed(hashes: Words) -> Numbers:
    """The places of the hashes that are the lowest of a window of W, of equal ones the last; of fewer than W, the
    lowest of all."""
    if not len(hashes):
        return np.empty(0, np.int64)
    width = min(W, len(hashes))
    windows = np.lib.stride_tricks.sliding_window_view(hashes, width)[:, ::-1]
    lowest = width - 1 - windows.argmin(axis=1)
    return np.unique(lowest + np.arange(len(windows)))


# --- passages


def _runs(one: Print, other: Print) -> Iterable[list[tuple[int, int]]]:
    """Fingerprints that both have, as pairs of their numbers, in rows that are one passage."""
    where: dict[int, list[int]] = {}
    for number, word in enumerate(other.hashes.tolist()):
        places = where.setdefault(word, [])
        if len(places) < OCCURRENCES:
            places.append(number)
    seen: dict[int, int] = {}
    by_distance: dict[int, list[tuple[int, int]]] = {}
    for number, word in enumerate(one.hashes.tolist()):
        seen[word] = seen.get(word, 0) + 1
        if seen[word] <= OCCURRENCES:
            for place in where.get(word, ()):
                distance = int(other.starts[place] - one.starts[number])
                by_distance.setdefault(distance, []).append((number, place))
    for matches in by_distance.values():
        run = [matches[0]]
        for match in matches[1:]:
            if one.starts[match[0]] - one.starts[run[-1][0]] > K:
                yield run
                run = []
            run.append(match)
        yield run


def _length(one: Print, run: list[tuple[int, int]]) -> int:
    """The signs of a passage."""
    return int(one.starts[run[-1][0]] - one.starts[run[0][0]]) + K


def _passage(print_: Print, first: int, last: int) -> Passage:
    start = print_.places[print_.cells[first]].model_copy(update={"line": int(print_.lines[first])})
    end = print_.places[print_.end_cells[last]].model_copy(update={"line": int(print_.end_lines[last])})
    return Passage(start, end)
