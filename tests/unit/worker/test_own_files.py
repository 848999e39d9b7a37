"""The hand-in's own files: each runs once, whoever asks first, and a bad statement in it costs itself."""

import linecache
import sys

import pytest
from notebooks import notebook, write

from harness.worker.cells import read_hand_in
from harness.worker.execute import Hooks, Runner
from harness.worker.own_files import Importer, OwnFiles, is_main_guard, run_file
from harness.worker.shell import Shell
from harness.worker.syntax import tree_of


def nothing_supplied(name):
    raise KeyError(name)


class Run:
    """The files of a folder, one after another, each in a namespace of its own."""

    def __init__(self, folder):
        self.files = OwnFiles(folder)
        hooks = Hooks(ipython=lambda runner: Shell(runner, lambda name: run_file(self.files, runner, name)))
        self.runner = Runner(nothing_supplied, 5.0, hooks)
        Importer(self.files, self.runner).install()
        hand_in = read_hand_in(folder)
        self.files.add(hand_in.files)
        for cells in hand_in.files:
            space = self.files.ran.get(cells[0].file)
            if space is not None:
                self.runner.enter(space)
                space.names["__name__"] = "__main__"
                self.runner.run_rest(cells, is_main_guard)
                continue
            self.runner.fresh_namespace()
            self.files.ran[cells[0].file] = self.runner.space
            for cell in cells:
                self.runner.run_cell(cell)
        self.errors = [(str(error.where), error.type) for error in self.runner.errors]

    def names(self, file):
        return self.files.ran[file].names


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    yield lambda files: Run(write(tmp_path, files))
    for name in set(sys.modules) - before:
        del sys.modules[name]
    linecache.clearcache()


COUNTED = "import builtins\nbuiltins.times = getattr(builtins, 'times', 0) + 1\n"


@pytest.fixture(autouse=True)
def times():
    import builtins

    builtins.times = 0
    yield lambda: builtins.times
    del builtins.times


@pytest.mark.parametrize("first", ["a_part.py", "z_part.py"])
@pytest.mark.parametrize(
    "way", ["import {0} as p", "from {0} import *\nimport {0} as p", "import {0} as p\nimport {0}"]
)
def test_a_file_that_another_imports_runs_once(run, times, first, way):
    name = first.removesuffix(".py")
    made = run({first: f"{COUNTED}x = 3\n", "main_part.py": way.format(name) + "\ny = p.x\n"})
    assert (made.errors, times(), made.names("main_part.py")["y"]) == ([], 1, 3)


@pytest.mark.parametrize("first", ["a_part.py", "z_part.py"])
def test_what_stands_under_the_guard_of_an_imported_file_runs_once_too(run, times, first):
    text = (
        f"x = 3\nif __name__ == '__main__':\n    {COUNTED.strip().replace(chr(10), chr(10) + '    ')}\n    y = x\n"
    )
    made = run({first: text, "main_part.py": f"import {first.removesuffix('.py')}\n"})
    assert (made.errors, times(), made.names(first)["y"]) == ([], 1, 3)


def test_a_bad_statement_in_an_imported_file_costs_itself(run):
    made = run(
        {"z_part.py": "x = 1\n1 / 0\ny = 2\n%matplotlib inline\n", "main_part.py": "from z_part import y\nz = y"}
    )
    assert made.errors == [("z_part.py, line 2", "ZeroDivisionError")]
    assert made.names("main_part.py")["z"] == 2


def test_exit_in_an_imported_file_ends_the_file_that_imports_it(run):
    made = run({"z_part.py": "raise SystemExit\nx = 1", "main_part.py": "import z_part\ny = 1"})
    assert [type_ for _, type_ in made.errors] == ["SystemExit"]
    assert "y" not in made.names("main_part.py")


def test_files_that_import_each_other(run, times):
    made = run({"a_part.py": f"import b_part\n{COUNTED}x = 1\n", "b_part.py": f"import a_part\n{COUNTED}y = 2\n"})
    assert (made.errors, times()) == ([], 2)


def test_packages_and_modules_in_folders(run):
    made = run(
        {
            "tools_part/__init__.py": "from .noise import level\n",
            "tools_part/noise.py": "level = 0.4\n",
            "loose_part/other.py": "value = 5\n",
            "zz_main.py": "import tools_part.noise as n\nfrom loose_part.other import value\nx = n.level",
        }
    )
    assert [error for error in made.errors if error[0].startswith("zz_main")] == []
    assert (made.names("zz_main.py")["x"], made.names("zz_main.py")["value"]) == (0.4, 5)


def test_the_place_of_code_in_an_imported_file_is_known(run):
    made = run({"z_part.py": "def f(x):\n    return 1 / x\n", "main_part.py": "from z_part import f\nf(0)"})
    assert made.errors == [("z_part.py, line 2", "ZeroDivisionError")]
    assert made.names("z_part.py")["__file__"] == "z_part.py"


def test_files_that_a_cell_runs(run, times):
    made = run(
        {
            "a.ipynb": notebook("%run helper_part\n%run 'deep/other.ipynb'\nx = value + other", "%run nowhere.py"),
            "helper_part.py": f"{COUNTED}value = 7\nmain = __name__\n",
            "deep/other.ipynb": notebook(f"{COUNTED}other = 8"),
        }
    )
    assert made.errors == [("a.ipynb, cell 2, line 1", "FileNotFoundError")]
    assert (made.names("a.ipynb")["x"], made.names("a.ipynb")["main"], times()) == (15, "__main__", 2)


def test_a_file_that_a_cell_wrote_is_the_hand_ins(run):
    made = run({"a.ipynb": notebook("%%writefile made_part.py\nx = 1\n1 / 0\ny = 2", "from made_part import y")})
    assert made.errors == [("made_part.py, line 2", "ZeroDivisionError")]
    assert "made_part.py" in {cells[0].file for cells in made.files.all}


def test_other_modules_are_pythons(run):
    made = run({"a_part.py": "import json, wave\nfrom os import path\nimport nowhere_at_all_part"})
    assert made.errors == [("a_part.py, line 3", "ModuleNotFoundError")]


@pytest.mark.parametrize(
    ("text", "is_guard"),
    [
        ("if __name__ == '__main__': pass", True),
        ("if '__main__' == __name__:\n    pass\nelse:\n    pass", True),
        ("if name == '__main__': pass", False),
        ("if x: pass", False),
        ("__name__ == '__main__'", False),
    ],
)
def test_main_guards(text, is_guard):
    (statement,) = tree_of(text, "a.py").body
    assert is_main_guard(statement) is is_guard
