"""What IPython takes besides Python: magics, shell commands, `await` at the top, and the last value of a cell."""

import pytest
from unit.worker.cell_runs import Run, main_given_back


@pytest.fixture(autouse=True)
def own_main():
    with main_given_back():
        yield


# --- magics and shell commands


def test_future_imports_are_taken_anywhere():
    run = Run(
        "x = 1\nfrom __future__ import print_function, division\ny = 3 / 2", "from __future__ import nonsense"
    )
    assert (run.names["y"], run.errors) == (1.5, [])


def test_a_script_takes_future_imports_anywhere():
    assert Run("x = 1\nfrom __future__ import annotations\ny = 2", script=True).names["y"] == 2


def test_shell_commands_do_nothing():
    run = Run("!touch /tmp/x && exit 1\nfiles = !ls\n%cd /\nx = 1")
    assert (run.errors, run.names["x"], run.names["files"]) == ([], 1, [])


@pytest.mark.parametrize(
    "magic", ["%matplotlib inline", "%pip install keras", "%load_ext tensorboard", "x?", "%unknown"]
)
def test_line_magics_are_passed_over(magic):
    run = Run(f"x = 1\n{magic}\ny = 2")
    assert (run.errors, run.names["y"]) == ([], 2)


@pytest.mark.parametrize("magic", ["%%time", "%%timeit -n 1", "%%capture"])
def test_cell_magics_that_run_code_run_it(magic):
    assert Run(f"{magic}\nx = 1\nx += 1").names["x"] == 2


@pytest.mark.parametrize("magic", ["%%bash", "%%html", "%%javascript", "%%script false"])
def test_other_cell_magics_are_passed_over(magic):
    run = Run(f"{magic}\nx = 1")
    assert (run.errors, "x" in run.names) == ([], False)


def test_one_time_line():
    run = Run("\n%time x = 1 + 1\ny = %time x * 21\n%timeit -n 10 -r 3 x\n%time 1 / 0\n%time def")
    assert (run.names["x"], run.names["y"]) == (2, 42)
    assert run.where == [(1, 5), (1, 6)]


def test_magics_within_magics_and_loops():
    run = Run("%%capture\n%%time\nfor i in range(2):\n    %time z = i\n    z += 1 / (1 - i)")
    assert run.names["z"] == 1
    assert run.where == [(1, 5)]


def test_pip_without_a_percent_sign_costs_its_line_only():
    run = Run("import json\npip install keras==2.3\nx = 1")
    assert run.names["x"] == 1
    assert run.where == [(1, 2)]
    assert "%pip install keras==2.3" in run.errors[0].message


def test_a_script_saved_from_a_notebook_runs():
    run = Run("# -*- coding: utf-8 -*-\n!pip install keras\n%matplotlib inline\nx = 1\n1 / 0", script=True)
    assert run.names["x"] == 1
    assert run.where == [(None, 5)]


def test_a_script_knows_its_file_and_is_main():
    run = Run("import os\nfolder = os.path.dirname(__file__)\nmain = __name__ == '__main__'", script=True)
    assert run.errors == []
    assert (run.names["folder"], run.names["main"]) == ("", True)


def test_top_level_await():
    run = Run(
        "import asyncio\nasync def f():\n    return 4\nx = await f()", "y = await f() + x\nawait asyncio.sleep(0)"
    )
    assert (run.errors, run.names["y"]) == ([], 8)


def test_display_prints():
    assert Run("display([1, 2])").printed == "[1, 2]\n"


# --- the last value of a cell


def test_the_value_of_a_cells_last_line_is_there_in_the_next():
    run = Run("6 * 7", "a = _ + 1\na", "b = (_, __, Out[1], Out[2])\nprint('x')")
    assert (run.names["b"], run.errors) == ((43, 42, 42, 43), [])
    assert run.names["_"] == 43  # nothing came after it


def test_an_underscore_of_the_hand_ins_own_stays():
    run = Run("_, x = 1, 2\nx", "y = _")
    assert run.names["y"] == 1


def test_a_script_has_no_such_values():
    assert "_" not in Run("6 * 7", script=True).names


def test_a_coroutine_that_nobody_awaits_is_a_value():
    run = Run("async def f(): return 3\nf()", "x = _", "y = await x\nawait x if False else y")
    assert (run.errors, run.names["y"], run.names["_"]) == ([], 3, 3)


# --- older magics and other languages


def test_a_file_that_a_cell_writes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Run("%%writefile a.py\nx = 1", "%%file -a a.py\ny = 2", "%%writefile 'b c.py'\nz").errors == []
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == "x = 1\ny = 2\n"
    assert (tmp_path / "b c.py").is_file()
    assert Run("%%writefile no/where/a.py\nx = 1").errors[0].type == "FileNotFoundError"


def test_what_a_cell_captured_can_be_asked():
    run = Run("%%capture out\nx = 1", "out.show()\nout()\ny = out.stdout + out.stderr")
    assert (run.errors, run.names["x"], run.names["y"]) == ([], 1, "")


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("%run helper.py", "helper.py"),
        ("%run -i helper", "helper"),
        ("%run 'my file.py' --epochs 3", "my file.py"),
        ("%run", ""),
        ("get_ipython().magic('run helper.py')", "helper.py"),
        ("get_ipython().run_line_magic('run', 'helper.py')", "helper.py"),
    ],
)
def test_files_that_a_cell_runs(line, file):
    assert Run(line).ran == [file]


def test_an_unknown_cell_magic_runs_its_body_and_other_languages_do_not():
    assert Run("%%memory_profiled -x\nx = 1").names["x"] == 1
    assert Run("%%script false\nthis is no python").errors == []


def test_other_calls_of_the_shell_do_nothing():
    run = Run("s = get_ipython()\ns.kernel.do_shutdown(True)\ns.set_next_input('x')", "x = s.getoutput('ls')")
    assert (run.errors, run.names["x"]) == ([], [])


@pytest.mark.parametrize("text", ["\tx = 1", "if True:\n\tx = 1", "#@title Form\nx = 1 #@param {type: 'integer'}"])
def test_tabs_and_forms(text):
    assert Run(text).names["x"] == 1
