"""Reading source without running it: magics, numbers, names, and hostile text in bounded time."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import source
from harness.recording import SourceRecord, Where


def code(*texts):
    return source.read(
        SourceRecord(where=Where(file="a.ipynb", cell=number), text=text) for number, text in enumerate(texts, 1)
    )


def expression(text):
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    "text",
    [
        "%matplotlib inline\nx = 1",
        "if x:\n    !pip install keras\nx = 1",
        "pip install keras\nx = 1",
        "%%time\nx = 1",
        "files = !ls\nx = 1",
        "?model.fit\nx = 1",
        "from __future__ import print_function\nx = 1",
    ],
)
def test_magics_are_passed_over_and_lines_keep_their_numbers(text):
    (one,) = code(text)
    last = one.tree.body[-1]
    assert isinstance(last, ast.Assign)
    assert one.at(last).line == len(text.splitlines())


@pytest.mark.parametrize("text", ["for x in y: (", "%%bash\nls -l", "x = ", "\0", "print 'x'"])
def test_what_is_no_python_is_left_out(text):
    assert code(text) == ()


@pytest.mark.parametrize("text", ["pip = 3", "ls -= 1", "cd = [1]"])
def test_variables_named_like_commands(text):
    assert isinstance(code(text)[0].tree.body[0], ast.Assign | ast.AugAssign)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1e-6, 0.001]", (1e-6, 0.001)),
        ("(10**-6, 1/4, 5 * 1e-4, -1)", (1e-6, 0.25, 5e-4, -1)),
        ("np.linspace(0, 1, 3)", (0.0, 0.5, 1.0)),
        ("np.linspace(0, 1, num=3)", (0.0, 0.5, 1.0)),
        ("np.logspace(-2, 0, 3)", (0.01, 0.1, 1.0)),
        ("np.geomspace(0.01, 1, 3)", (0.01, 0.1, 1.0)),
        ("list(np.array(known))", (1.0, 2.0)),
        ("unknown", None),
        ("[x, 1]", None),
        ("[True]", None),
        ("[1 + 2j]", None),
        ("[10**400]", None),
        ("[(-1)**0.5]", None),
        ("[1/0]", None),
        ("np.linspace(0, 1)", None),
        ("np.linspace(0, 1, 10**9)", None),
        ("np.logspace(0, 999, 3)", None),
        ("np.geomspace(0, 1, 3)", None),
    ],
)
def test_numbers(text, value):
    found = source.numbers(expression(text), {"known": expression("[1, 2]"), "loop": expression("loop")})
    assert found == (None if value is None else pytest.approx(value))


def test_names_bound_twice_are_no_constants():
    codes = code("a = [1]\nb = [2]\nc = [3]", "b = [4]\ndef f(c): pass\nfor d in a: pass")
    assert set(source.constants(codes)) == {"a"}


@given(st.text(alphabet=" \t\n#%!?()[]{}=.,:'\"xfit1-*", max_size=300))
def test_any_text_is_read_or_left_out(text):
    for one in code(text):
        assert len(list(one.lines())) == text.count("\n") + 1
        for call in source.in_order(one.tree, ast.Call):
            source.numbers(call, source.constants((one,)))


@pytest.mark.parametrize(
    "text",
    [
        " " * 390_000,
        "\n" * 390_000,
        "# " * 190_000 + ".fit",
        "(" * 390_000,
        "-" * 390_000 + "1",
        "1+" * 190_000 + "1",
        "x[" * 100_000,
        "%" * 390_000,
        "x = !" * 70_000,
        "[" * 90 + "1," * 100_000 + "]" * 90,
    ],
)
def test_hostile_text_takes_bounded_time(text):
    """Each of these takes hours where a pattern or a walk is quadratic; the test's own time is the proof."""
    for one in code(text):
        list(one.lines())
        source.constants((one,))
        source.in_order(one.tree, ast.Call)


def test_of_endless_source_only_so_much_is_given():
    assert len(code(*["x = 1\n" * 4_000] * 10)) == source.MAX_NODES // 16_001
    assert len(code(*["# 345678\n" * 20_000] * 10)) == source.MAX_CHARACTERS // 180_000


@pytest.mark.parametrize(("depth", "read"), [(20, True), (60, False)])
def test_code_that_nobody_nests_so_deep_is_left_out(depth, read):
    loops = "".join(" " * level + "for level in levels:\n" for level in range(depth))
    assert (code(loops + " " * depth + "x = 1") != ()) == read
