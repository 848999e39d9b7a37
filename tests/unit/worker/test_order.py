"""The order of cells, files that go on in another's namespace, and what is said of names used too early."""

import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.recording import Where
from harness.worker.cells import Cell
from harness.worker.execute import Runner, Undefined
from harness.worker.names import names_of
from harness.worker.order import MAX_FINDINGS, executed, explain_undefined, names_in, needed, space_to_go_on_in


def cells(*counts):
    return [Cell("a.ipynb", number, f"x{number}", count=count) for number, count in enumerate(counts, 1)]


@pytest.mark.parametrize(
    ("counts", "order"),
    [
        ((), []),
        ((1, 2, 3), [1, 2, 3]),
        ((3, 1, 2), [2, 3, 1]),
        ((None, 2, 1), [3, 2, 1]),
        ((None, None), [1, 2]),
        ((7, 7, 1), [3, 1, 2]),
    ],
)
def test_cells_in_the_order_in_which_they_were_executed(counts, order):
    assert [cell.number for cell in executed(cells(*counts))] == order


@given(st.lists(st.none() | st.integers(1, 9)))
def test_no_cell_is_lost_and_those_never_executed_come_last(counts):
    ordered = executed(cells(*counts))
    assert sorted(cell.number for cell in ordered) == list(range(1, len(counts) + 1))
    assert [cell.count is None for cell in ordered] == sorted(count is None for count in counts)


# --- files


def spaces(*names):
    def nothing(name):
        raise KeyError(name)

    runner = Runner(nothing, 5.0)
    found = [runner.prepared(types.ModuleType("__main__")) for _ in names]
    for space, own in zip(found, names, strict=True):
        space.names.update(dict.fromkeys(own.split(), 1))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y = x_train + 1", {"x_train"}),
        ("import numpy as np\nx = np.ones(len('a'))\nplt.plot(tf.range(3)); Dense; display(x)", set()),
        ("def f(): return model\nmodel = 3", set()),
        ("print(__name__, __file__, get_ipython(), In, Out, _)", set()),
    ],
)
def test_what_a_file_needs_of_others(text, expected):
    assert needed([names_of(text)]) - {"__name__"} == expected


def test_a_cell_serves_the_others_of_its_file():
    assert needed([names_of("a = b"), names_of("b = c")]) == {"c"}


def test_a_file_goes_on_where_its_names_are():
    first, second, third = spaces("x y", "x", "y x")
    assert space_to_go_on_in({"x", "y"}, [first, second]) is first
    assert space_to_go_on_in({"x"}, [first, second]) is second  # the last
    assert space_to_go_on_in({"x", "y"}, [first, second, third]) is third
    assert space_to_go_on_in({"z"}, [first, second]) is None
    assert space_to_go_on_in(set(), [first]) is None
    assert space_to_go_on_in({"x"}, []) is None


# --- findings


def said(*undefined, texts=()):
    names = names_in(Cell("a.ipynb", number, text) for number, text in enumerate(texts, 1))
    found = explain_undefined(
        [Undefined(name, Where(file=file, cell=cell)) for name, file, cell in undefined], names
    )
    return [(finding.code, finding.message, str(finding.where)) for finding in found]


def test_a_name_that_a_later_cell_defines():
    ((code, message, where),) = said(("x", "a.ipynb", 1), texts=["print(x)", "y = 1", "x = 2"])
    assert (code, where) == ("run-out-of-order", "a.ipynb, cell 1")
    assert message.startswith("Cell 1 uses `x` before cell 3 defines it.")


def test_a_name_that_no_cell_defines():
    ((code, message, _),) = said(("x_trian", "a.ipynb", 2), texts=["x_train = 1", "x_trian + 1"])
    assert code == "undefined-name"
    assert "Did you mean `x_train`?" in message
    assert "Define it above" in said(("q", "a.ipynb", 2), texts=["x_train = 1", "q"])[0][1]


def test_a_name_of_python_2_is_called_that():
    for name, today in (("xrange", "range"), ("raw_input", "input"), ("unicode", "str")):
        ((code, message, _),) = said((name, "a.ipynb", 1), texts=[f"{name}(3)"])
        assert (code, message) == ("undefined-name", f"`{name}` is Python 2 and is gone; write `{today}`.")


def test_a_name_that_only_an_earlier_cell_or_another_file_defines():
    assert said(("x", "a.ipynb", 2), texts=["x = 1\ndel x", "x"])[0][0] == "undefined-name"
    assert said(("x", "b.ipynb", 1), texts=["1", "x = 1"])[0][0] == "undefined-name"


def test_each_name_of_a_file_once_and_not_without_end():
    assert len(said(("x", "a", 1), ("x", "a", 2), ("x", "b", 1))) == 2
    assert len(said(*((f"x{number}", "a", 1) for number in range(200)))) == MAX_FINDINGS
