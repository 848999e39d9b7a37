"""Whose source is alike: what counts, what is left out, where it stands; and hostile text costs bounded time."""

import io
import json
import re
import tokenize
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.source_sample import made_up, sources

from harness import likeness
from harness.comparing import MAX_PAIRS, Trace, compare
from harness.likeness import MIN_SHARE, alike, fingerprint, handed_out, read_handed_out, with_passage

TESTS = Path(__file__).parents[1]
HAND_INS = TESTS / "hand_ins"
INDEPENDENT = ("template_2020", "template_2022", "template_2023", "right_and_unusual", "unusual_networks",
               "second_autoencoder", "own_training_loop", "pytorch")  # fmt: skip


def cells(name: str) -> list[str]:
    """The code cells of a hand-in of tests/hand_ins."""
    text = (HAND_INS / name / "assignment.ipynb.py").read_text(encoding="utf-8")
    parts = re.split(r"^# %%(.*)$", text, flags=re.MULTILINE)[1:]
    return [code.strip("\n") for kind, code in zip(parts[::2], parts[1::2], strict=True) if "markdown" not in kind]


def signs(text: str) -> list[int]:
    return likeness._signs(sources(text)).words.tolist()


def renamed(code: list[str], names: dict[str, str]) -> list[str]:
    """The same cells with other names, other words in strings, comments and blank lines."""
    for old, new in names.items():
        code = [re.sub(rf"(?<![\w.'\"]){old}(?!\w|\s*=\s*(?:{old}|\d+,))", new, text) for text in code]
    return ["# mine\n" + text.replace("'train'", "'training data'").replace("\n", "   # so\n\n") for text in code]


def pair_of(one: list[str], other: list[str], known: frozenset[int] = frozenset()):
    prints = [fingerprint(sources(*one), known), fingerprint(sources(*other, file="b.ipynb"), known)]
    found = alike(prints, without_common=False)
    return with_passage(found[0], prints) if found else None


# --- signs


@pytest.mark.parametrize(
    "other",
    [
        "loss = model.fit(x,  y, epochs=10)  # trained",
        "history = net.fit(a, b, epochs=10)",
        "h = (net.fit(a,\n   b,\n\n   epochs=10))".replace("(net", "net").replace("10))", "10)"),
    ],
)
def test_own_names_layout_and_comments_do_not_count(other: str) -> None:
    assert signs("loss = model.fit(x, y, epochs=10)") == signs(other)


@pytest.mark.parametrize(
    "other",
    [
        "loss = model.evaluate(x, y, epochs=10)",
        "loss = model.fit(x, y, batch_size=10)",
        "loss = model.fit(x, y, epochs=20)",
        "loss = len(x, y, epochs=10)",
    ],
)
def test_words_of_python_and_libraries_count(other: str) -> None:
    assert signs("loss = model.fit(x, y, epochs=10)") != signs(other)


def test_imported_names_count_and_aliases_do_not() -> None:
    head = "from keras.layers import Dense, (Flatten)\n"
    assert signs(head + "Dense(64)") != signs(head + "Flatten(64)")
    assert signs("import numpy as np\nnp.mean(x)") == signs("import numpy as n\nn.mean(x)")
    assert signs("a = Dense(64)") == signs("a = Flatten(64)")  # not imported: it may be the hand-in's own


def test_strings_are_all_alike() -> None:
    assert signs("plt.plot(x, label='train')") == signs('plt.plot(x, label=f"""of\n{x}""")')


@pytest.mark.parametrize("path", sorted(HAND_INS.glob("*/*.py")), ids=lambda path: path.parent.name)
def test_tokens_are_those_of_python(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if re.search(r"^\s*(?:[%!?]|pip )", text, re.MULTILINE):
        pytest.skip("has magics, which Python has no tokens for")
    left_out = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    found = tokenize.generate_tokens(io.StringIO(text).readline)
    assert [token for token in likeness._TOKEN.findall(text) if likeness._kind(token) != likeness._SKIPPED] == [
        each.string for each in found if each.type not in left_out
    ]


def test_lines_and_cells_are_known_after_strings_and_continued_lines() -> None:
    read = likeness._signs(sources('a = """\n\n"""\nb = 1 \\\n + 2', "(\n\nc"))
    assert list(zip(read.cells.tolist(), read.lines.tolist(), strict=True)) == [
        (0, 1), (0, 1), (0, 1), (0, 4), (0, 4), (0, 4), (0, 5), (0, 5), (1, 1), (1, 3),
    ]  # fmt: skip


def test_a_bracket_that_stays_open_ends_with_its_cell() -> None:
    words = likeness._signs(sources("f(", "x = 1")).words.tolist()
    assert words[2:] == signs("x = 1") != signs("f(x = 1")[2:]


# --- pairs


def test_a_copy_with_other_names_and_comments_is_found() -> None:
    code = cells("template_2023")
    copy = renamed(code, {"model2": "net", "reg": "factor", "accs": "found", "history": "h", "cnn_info": "info"})
    assert copy != code
    found = pair_of(code, copy)
    assert found is not None
    assert min(found.shares) > 0.8
    turned = pair_of(code, copy[::-1])  # and its cells in another order
    assert turned is not None
    assert min(turned.shares) > MIN_SHARE + 0.1


@pytest.mark.parametrize("year", ["2020", "2022", "2023"])
def test_a_hand_in_is_not_alike_to_independent_ones(year: str) -> None:
    """Hand-ins to one assignment by different people, in their own words: none comes near the threshold."""
    prints = [fingerprint(sources(*cells(name))) for name in (f"template_{year}", *INDEPENDENT)]
    sets = [set(each.hashes.tolist()) for each in prints]
    for other in sets[1:]:
        if other != sets[0]:
            assert len(sets[0] & other) / min(len(sets[0]), len(other)) < MIN_SHARE - 0.1


def test_what_was_handed_out_is_left_out() -> None:
    template = made_up(1)
    one, other = [template, made_up(2)], [template, made_up(3)]
    known = handed_out([template])
    assert pair_of(one, other) is not None
    assert pair_of(one, other, known) is None
    assert pair_of([*one, made_up(4)], [*other, made_up(4)], known) is not None  # and the rest is found still
    own = fingerprint(sources(*one), known)
    assert own.signs == pytest.approx(len(signs(made_up(2))), abs=likeness.HANDED_OUT)


def test_blanks_that_were_filled_in_are_no_common_passage() -> None:
    template = [made_up(seed, 3) for seed in range(20)]
    filled = [
        "\n".join(f"{part}\nmodel.add(Dense({size}, activation='relu'))" for part in template) for size in (64, 64)
    ]
    assert pair_of([filled[0]], [filled[1]], handed_out(template)) is None


def test_without_a_template_what_a_fifth_of_the_class_shares_does_not_count() -> None:
    shared, copied = made_up(1, 90), made_up(2, 200)
    groups = [[shared, made_up(10 + n)] for n in range(20)]
    groups[3].append(copied)
    groups[8].append(copied)
    prints = [fingerprint(sources(*texts)) for texts in groups]
    assert [pair.hand_ins for pair in alike(prints, without_common=True)] == [(3, 8)]
    assert len(alike(prints, without_common=False)) == 190


def test_copies_in_a_small_class_are_found() -> None:
    prints = [fingerprint(sources(made_up(min(n, 2)))) for n in range(5)]
    assert [pair.hand_ins for pair in alike(prints, without_common=True)] == [(2, 3), (2, 4), (3, 4)]


def test_a_few_lines_are_no_likeness() -> None:
    assert pair_of([made_up(1, 8)], [made_up(1, 8)]) is None
    assert pair_of([made_up(1, 60)], [made_up(1, 60)]) is not None


def test_shares_are_told_of_each() -> None:
    found = pair_of([made_up(1)], [made_up(1), made_up(2), made_up(3)])
    assert found is not None
    assert found.shares[0] > 0.95
    assert found.shares[1] == pytest.approx(1 / 3, abs=0.05)


def test_the_longest_passage_is_told_with_its_places() -> None:
    short, long = made_up(1, 20), made_up(2, 50)
    found = pair_of([f"a = 1\n{short}", f"b = 2\n{long}"], [f"\n\n{long}", made_up(7, 10), short])
    assert found is not None and found.passages is not None
    one, other = found.passages
    assert (one.first.file, one.first.cell, one.last.cell) == ("a.ipynb", 2, 2)
    assert (other.first.file, other.first.cell, other.last.cell) == ("b.ipynb", 1, 1)
    assert (one.first.line or 0) <= 5 and (one.last.line or 0) >= 48
    assert (other.first.line or 0) == (one.first.line or 0) + 1
    assert 0.85 * len(signs(long)) < found.signs <= len(signs(long))


def test_passages_with_other_code_between_are_two() -> None:
    """Also where what lies between is equally long in both."""
    first, last = made_up(1, 30), made_up(2, 40)
    one, other = (f"{first}\n{made_up(between, 6)}\n{last}" for between in (3, 4))
    found = pair_of([one], [other])
    assert found is not None
    assert 0.85 * len(signs(last)) < found.signs <= len(signs(last)) + likeness.K


def test_a_shared_passage_of_k_plus_w_is_always_found() -> None:
    """The guarantee of winnowing: what is shared for K + W - 1 signs has a fingerprint in both."""
    passage = made_up(5, 20)
    length = likeness.K + likeness.W - 1
    tokens = [token for token in likeness._TOKEN.findall(passage) if token != "\n"][:length]
    for seed in range(20):
        one, other = (fingerprint(sources(f"{made_up(a, 9)}\n{' '.join(tokens)}\n{made_up(a + 1, 9)}")) for a in
                      (100 + 4 * seed, 102 + 4 * seed))  # fmt: skip
        assert np.intersect1d(one.hashes, other.hashes).size


# --- hostile text


@pytest.mark.parametrize(
    "text",
    [
        *("", "\\", '"' * 100_001, "'''" * 30_000 + "\\", "\\\n" * 50_000, "(" * 100_000, "import " * 50_000),
        *("𝔘" * 9_999, "a" * 300_000, "0e+" * 99_999, "\ud7ff = 1", "x=1\n" * 90_000, "\x00" * 99_999),
        "import (" + "a," * 90_000,
    ],
    ids=lambda text: repr(text[:8]),
)  # fmt: skip
def test_odd_and_endless_text_is_read(text: str) -> None:
    found = fingerprint(sources(text, made_up(1)))
    assert len(found.hashes) == len(found.starts) == len(found.end_lines)
    assert found.signs <= likeness.MAX_SIGNS
    assert alike([found, found], without_common=False) is not None
    with_passage(likeness.Pair((0, 1), (1.0, 1.0)), [found, found])


def test_no_more_than_so_many_characters_of_a_hand_in_are_read() -> None:
    long = sources(*["x = 1\n" * 60_000] * 4, made_up(1))
    assert set(likeness._signs(long).cells.tolist()) == {0}


@given(st.text(st.sampled_from("ab'\"\\\n#=.()0e+ "), max_size=80))
def test_tokens_cover_all_text_but_blanks(text: str) -> None:
    """So that lines are counted right, whatever the text."""
    assert "".join(likeness._TOKEN.findall(text)).replace(" ", "").count("\n") == text.count("\n")


# --- files, and the class


def test_a_notebook_that_was_handed_out_is_read(tmp_path: Path) -> None:
    kinds = ({"cell_type": "code", "source": ["a = 1\n", "b"]}, {"cell_type": "markdown", "source": "no"})
    (tmp_path / "given.ipynb").write_text(json.dumps({"cells": kinds}), encoding="utf-8")
    (tmp_path / "given.py").write_text("c = 2", encoding="utf-8")
    (tmp_path / "bad.ipynb").write_text("[]", encoding="utf-8")
    assert read_handed_out(tmp_path / "given.ipynb") == ("a = 1\nb",)
    assert read_handed_out(tmp_path / "given.py") == ("c = 2",)
    with pytest.raises(ValueError, match="no notebook"):
        read_handed_out(tmp_path / "bad.ipynb")


def trace(name: str, *texts: str, **recipes: str) -> Trace:
    return Trace(name, fingerprint(sources(*texts)), {task.lstrip("_"): value for task, value in recipes.items()})


def test_a_class_of_copies_lists_the_first_pairs_and_counts_the_rest() -> None:
    found = compare([trace(f"group-{n}", made_up(n // 3)) for n in range(90)])
    assert len(found.pairs) == MAX_PAIRS
    assert found.more == 90 - MAX_PAIRS
    assert all(pair.passages for pair in found.pairs)


def test_equal_trainings_are_twins_unless_everybody_has_them() -> None:
    class_ = [trace(f"group-{n}", _2C="usual", _3A=f"own {n}") for n in range(20)]
    class_ += [trace("one", _3A="rare"), trace("two", _3A="rare", _2C="other")]
    assert [(each.task, each.submissions) for each in compare(class_).twins] == [("3A", ("one", "two"))]


def test_an_empty_class_is_compared() -> None:
    assert compare([]).pairs == ()
    assert compare([trace("alone", made_up(1))]).twins == ()
