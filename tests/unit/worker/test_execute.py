"""Running cells: one bad statement costs that statement, and every error has its cell and its own line."""

import sys
import time
import types

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.worker.cell_runs import Run, main_given_back, nothing_supplied

from harness.recording import CellError, Passage
from harness.worker import execute
from harness.worker.cells import Cell
from harness.worker.execute import Runner
from harness.worker.own_time import StatementTimeout, time_limit
from harness.worker.printed import Limited


@pytest.fixture(autouse=True)
def own_main():
    with main_given_back():
        yield


# --- statements and errors


def test_a_statement_that_raises_costs_itself():
    run = Run("x = 1\ny = 1 / 0\nz = 3", "w = x + z")
    assert (run.names["w"], "y" in run.names) == (4, False)
    (error,) = run.errors
    assert (str(error.where), error.type, error.kind) == ("a.ipynb, cell 1, line 2", "ZeroDivisionError", "error")
    assert (error.message, error.source) == ("division by zero", "y = 1 / 0")


def test_an_error_inside_a_function_of_another_cell_has_the_line_of_that_cell():
    run = Run("def f(a):\n    b = a\n    return b / 0", "x = 1\nf(2)")
    assert run.where == [(1, 3)]
    assert run.errors[0].source == "return b / 0"


def test_an_error_inside_a_library_has_the_line_that_called_it():
    run = Run("import json\nx = json.loads(\n    '{')")
    assert run.where == [(1, 2)]
    assert run.errors[0].type == "JSONDecodeError"


def test_a_syntax_error_costs_its_cell():
    run = Run("x = 1\ny = = 2", "z = 3")
    assert (run.where, run.errors[0].kind, run.errors[0].source) == ([(1, 2)], "syntax", "y = = 2")
    assert "x" not in run.names
    assert run.names["z"] == 3


@pytest.mark.parametrize(
    ("text", "hint"), [("print 'hello'", "Python 2"), ("for i in xrange(3) print(i)", "Python 2"), ("x = (", "")]
)
def test_syntax_errors_say_what_they_can(text, hint):
    assert hint in Run(text).errors[0].message


@pytest.mark.parametrize("text", ["x = '\0'", "(" * 500 + ")" * 500, "-" * 100_000 + "1", "def", "\udcff = 1"])
def test_text_that_is_no_code_is_an_error(text):
    run = Run(text, "y = 1")
    assert [error.kind for error in run.errors] == ["syntax"]
    assert run.names["y"] == 1


@pytest.mark.parametrize("empty", ["", "\n\n", "# only a comment", "   ", "%%time", "!ls"])
def test_cells_without_a_statement(empty):
    assert Run(empty).errors == []


def test_return_outside_a_function_is_one_error():
    assert [(error.type, error.where.line) for error in Run("x = 1\nreturn x\ny = 2").errors] == [
        ("SyntaxError", 2)
    ]


@pytest.mark.parametrize("lead", ["", "\n", "\n  \n\n"])
@pytest.mark.parametrize(
    "head", ["x = 1\n", "%%time\n", "%matplotlib inline\n", "!pip install x\n", "%%capture out\n"]
)
def test_line_numbers_are_those_of_the_hand_in(lead, head):
    run = Run(f"{lead}{head}y = 2\n1 / 0\nz = 3")
    assert run.where == [(1, lead.count("\n") + 3)]
    assert run.errors[0].source == "1 / 0"
    assert run.names["z"] == 3


def test_odd_exceptions_are_errors():
    run = Run(
        "class Odd(BaseException):\n    def __str__(self): raise SystemExit\nraise Odd",
        "raise KeyboardInterrupt",
        "raise GeneratorExit",
        "raise ValueError('half \\ud800')",
        "def f(): f()\nf()",
        "x = 1",
    )
    assert [error.type for error in run.errors] == [
        "Odd", "KeyboardInterrupt", "GeneratorExit", "ValueError", "RecursionError",
    ]  # fmt: skip
    assert run.names["x"] == 1
    for error in run.errors:
        error.model_dump_json()


def test_errors_are_counted_to_a_limit():
    text = "\n".join(["1 / 0"] * 2_100)
    assert len(Run(text).errors) == 2_000


# --- ends


@pytest.mark.parametrize(
    "text", ["raise SystemExit(3)", "import sys\nsys.exit('done')", "%%time\nraise SystemExit"]
)
def test_exit_ends_its_cell_and_is_told(text):
    run = Run("x = 1", text + "\ny = 2", "z = 3")
    assert run.going
    assert ("y" in run.names, "z" in run.names) == (False, True)
    assert [(error.kind, error.where.cell) for error in run.errors] == [("exit", 2)]


def test_exit_ends_a_script():
    run = Run("x = 1\nraise SystemExit\ny = 2", script=True)
    assert (run.going, "y" in run.names, run.errors[0].kind) == (False, False, "exit")


def test_a_statement_that_does_not_end_is_stopped():
    started = time.monotonic()
    run = Run("x = 1\nwhile True: pass\ny = 2", seconds=0.1)
    assert time.monotonic() - started < 2
    assert (run.where, run.errors[0].kind) == ([(1, 2)], "timeout")
    assert run.names["y"] == 2


@pytest.mark.parametrize(
    "catch", ["except Exception", "except", "except BaseException", "except (ValueError, Exception)"]
)
def test_a_loop_that_catches_everything_is_stopped(catch):
    text = f"while True:\n    try:\n        for i in range(1000): pass\n    {catch}:\n        caught = True"
    run = Run(text, "y = 2", seconds=0.1)
    assert [error.kind for error in run.errors] == ["timeout"]
    assert run.names["y"] == 2


def test_a_bare_except_still_catches_what_it_should():
    text = "caught = []\nfor odd in (ValueError, SystemExit, KeyboardInterrupt):\n    try: raise odd\n"
    assert len(Run(text + "    except: caught.append(odd)").names["caught"]) == 3


def test_time_within_time_is_limited_too():
    assert Run("%%time\nx = 1\nwhile True: pass\ny = 2", seconds=0.1).where == [(1, 3)]


def test_the_limit_around_another_goes_on():
    with pytest.raises(StatementTimeout), time_limit(0.1):
        with time_limit(5):
            pass
        time.sleep(3)


def test_after_a_limit_there_is_no_alarm():
    with time_limit(0.05):
        pass
    time.sleep(0.08)
    with time_limit(0):
        pass


# --- output


def test_output_belongs_to_its_cell():
    runner = Run("print('a')", "x = 1", "print('b', end='')\nimport sys\nprint('c', file=sys.stderr)").runner
    assert runner.printed[0] == Passage(where=runner.printed[0].where, text="a\n")
    assert [(passage.where.cell, passage.text) for passage in runner.printed] == [(1, "a\n"), (3, "b")]


def test_endless_output_is_kept_from_both_ends():
    printed = Run("for i in range(20_000): print('line', i)").printed
    assert len(printed) == execute.PRINTED_LIMIT
    assert printed.startswith("line 0\nline 1\n")
    assert printed.endswith("line 19999\n")


def test_half_characters_do_not_cross():
    assert Run("print('half \\ud800')").printed == "half ?\n"


def test_printed_output_looks_like_a_file():
    run = Run("import sys\nsys.stdout.flush()\nassert not sys.stdout.isatty()\nassert sys.stdout.encoding.lower()")
    assert run.errors == []


@given(st.lists(st.text(max_size=30), max_size=12), st.integers(1, 20).map(lambda half: 2 * half))
def test_limited_keeps_the_first_and_the_last(parts, limit):
    kept = Limited(limit)
    for part in parts:
        assert kept.write(part) == len(part)
    whole = "".join(parts)
    assert kept.text == (whole if len(whole) <= limit else whole[: limit // 2] + whole[-(limit // 2) :])


# --- names and places


def test_everyday_names_are_supplied_last():
    supplied = []

    def supply(name):
        supplied.append(name)
        if name != "np":
            raise KeyError(name)
        return types.SimpleNamespace(pi=3)

    run = Run(
        "x = np.pi\ndef f():\n    return np.pi + len('a')\ny = f()", "missing", "np = 1\nz = np", supply=supply
    )
    assert (run.names["x"], run.names["y"], run.names["z"]) == (3, 4, 1)
    assert supplied == ["np", "np", "missing"]
    assert [(error.type, error.where.cell) for error in run.errors] == [("NameError", 2)]


def test_each_file_starts_afresh():
    runner = Run("x = 1").runner
    runner.fresh_namespace()
    assert "x" not in runner.namespace
    assert sys.modules["__main__"].__dict__ is runner.namespace
    assert runner.run_cell(Cell("b.py", None, "class A: pass\nimport pickle\npickle.dumps(A())"))
    assert runner.errors == []


def test_where_is_the_innermost_line_of_the_hand_in():
    places = []
    runner = Runner(nothing_supplied, 5)
    runner.namespace["note"] = lambda: places.append(str(runner.where()))
    runner.run_cell(Cell("a.ipynb", 1, "def f():\n    note()"))
    runner.run_cell(Cell("a.ipynb", 2, "\n%matplotlib inline\nf()\nnote()\nsorted([1], key=lambda _: note())"))
    assert places == ["a.ipynb, cell 1, line 2", "a.ipynb, cell 2, line 4", "a.ipynb, cell 2, line 5"]
    assert str(runner.where_of(runner.namespace["f"].__code__)) == "a.ipynb, cell 1, line 1"
    assert runner.where_of(test_each_file_starts_afresh.__code__) is None
    assert str(runner.where()) == "a.ipynb, cell 2, line 5"


def test_the_source_of_functions_can_be_read():
    run = Run("\n%%time\n%matplotlib inline\ndef f():\n    return 1", "import inspect\ntext = inspect.getsource(f)")
    assert run.names["text"] == "def f():\n    return 1"


LINES = """x = 1|1 / 0|print(1)|!ls|%time x = 2|%%time|
  |for i in range(2):|    x = i|\tx|pip install x|# %%|f?|%|!|\\
)|await z|return|raise SystemExit|'''|x = (|global x|del x|import nowhere|assert 0|\ud800|lambda: (yield)
from __future__ import division"""
statements = st.sampled_from([line for row in LINES.splitlines() for line in row.split("|")])


@settings(max_examples=200)
@given(st.lists(st.lists(statements, max_size=6).map("\n".join), max_size=3), st.booleans())
def test_any_cells_run_to_errors_with_a_line_of_theirs(texts, script):
    run = Run(*texts, script=script)
    for error in run.errors:
        assert isinstance(error, CellError)
        text = texts[(error.where.cell or 1) - 1] if not script else "\n" * 20
        assert error.where.line is None or 1 <= error.where.line <= text.count("\n") + 2
        error.model_dump_json()


def test_colours_for_a_terminal_do_not_cross():
    run = Run("print('\\x1b[1mbold\\x1b[0m')\nraise ValueError('\\x1b[31mred\\x1b[0m')")
    assert (run.printed, run.errors[0].message) == ("bold\n", "red")


# --- the time of the whole run


def test_where_the_runs_time_is_over_nothing_more_runs():
    left = iter([9.0, 9.0, 0.0])
    run = Run("x = 1\ny = 2\nz = 3", "w = 4", left=lambda: next(left, 0.0))
    assert not run.going
    assert (run.names["x"], "y" in run.names, "w" in run.names) == (1, False, False)
    assert [(error.type, error.kind, error.where.line) for error in run.errors] == [("RunTimeout", "timeout", 2)]
    assert run.runner.out_of_time


def test_a_statement_has_no_more_time_than_the_run():
    ends = time.monotonic() + 0.2
    run = Run("while True: pass\nx = 1", left=lambda: ends - time.monotonic(), seconds=60.0)
    assert (run.errors[0].type, "x" in run.names, run.going) == ("RunTimeout", False, False)


# --- names that nothing had defined


def undefined(*texts, **more):
    return [(one.name, one.where.cell, one.where.line) for one in Run(*texts, **more).runner.undefined]


def test_names_that_nothing_had_defined_are_told_with_their_place():
    assert undefined("x = 1\nprint(y)", "def f():\n    return z\nf()") == [("y", 1, 2), ("z", 2, 2)]


@pytest.mark.parametrize(
    "first",
    ["x = 1 / 0", "for x in 1 / 0: pass", "import nowhere_at_all as x", "x = = 3"],
)
def test_what_a_failed_statement_would_have_set_is_not_told(first):
    assert undefined(first, "x + 1") == []


@pytest.mark.parametrize(
    "text",
    [
        "raise NameError",
        "raise NameError('name x is not defined')",
        "class Odd(NameError):\n    name = 'x'\nraise Odd",
        "e = NameError(); e.name = [1]\nraise e",
        "def f():\n    print(x)\n    x = 1\nf()",
        "try: x\nexcept NameError: pass",
    ],
)
def test_other_errors_tell_no_name(text):
    assert undefined(text) == []


# --- modules that are given another meaning

AXES = "class Axes:\n    figure = property(lambda self: 3)\n    def title(self): return 'axes'\n"


def test_a_module_that_was_given_another_meaning_is_found_again():
    run = Run(f"import math\n{AXES}math = Axes()", "a = math.title()\nb = math.floor(2.5)", "c = math.ceil(2.5)")
    assert (run.errors, run.names["a"], run.names["b"], run.names["c"]) == ([], "axes", 2, 3)
    ((code, message, where),) = run.notes
    assert (code, where) == ("shadowed-name", "a.ipynb, cell 1, line 5")
    assert "`math.floor` fails in a real run" in message


def test_an_attribute_that_cannot_be_called_is_not_meant():
    run = Run(f"import json\n{AXES}Axes.loads = 3\njson = Axes()", "x = json.loads('1')")
    assert (run.errors, run.names["x"]) == ([], 1)


def test_a_function_that_needs_the_module_finds_it_the_next_time():
    run = Run("import time\ndef now(): return time.time()", "time = 3.0", "now()", "x = now()")
    assert [error.type for error in run.errors] == ["AttributeError"]
    assert run.names["x"] > 3
    assert [code for code, _, _ in run.notes] == ["shadowed-name"]


@pytest.mark.parametrize(
    "texts",
    [
        ("import time\ntime = 3\nx = time + 1",),
        ("import time\ntime = 3\nimport time\nx = time.time()",),
        ("import time\nt = time.time()\ntime = t\ntime.nothing_of_that_name",),
        ("time = 3\ntime.time",),
        ("import time\ntime = 3\ndel time\ntime.time()",),
    ],
)
def test_nothing_is_said_where_no_module_is_meant(texts):
    assert Run(*texts).notes == []
