"""A tiny assignment, written to a folder: two tasks, three checks, no framework."""

from __future__ import annotations

import itertools
import textwrap
from pathlib import Path

from harness.assignment import Assignment, load

TOML = """
id = "tiny"
title = "A tiny assignment"
dataset = "mnist"
wrong_fail_rate = 0.001
[profiles.quick]
seeds = 1
convolutional_seeds = 1
sweep_replicates = 1
evaluated_images = 100
[profiles.full]
seeds = 3
convolutional_seeds = 2
sweep_replicates = 3
evaluated_images = 100
[tasks.A]
title = "The first"
machine = 1.0
person = 0.5
asks = "the reasons"
[tasks.A.gates.accuracy]
nominal = { mnist = 0.97 }
[tasks.B]
title = "The second"
machine = 2.0
person = 0.0
[tasks.C]
title = "For a person"
machine = 0.0
person = 1.0
[contract]
"""
CHECKS = """
import pytest
from harness.checking import Failed

@pytest.mark.check("A", 0.75)
def check_name(evidence, verdict):
    \"\"\"The hand-in has a name.\"\"\"
    verdict.measured("letters", len(evidence.submission.name))
    if not evidence.submission.name.startswith("group"):
        raise Failed(f"It is called {evidence.submission.name}.", "Call it group-7.")
    verdict.says("It has one.")

@pytest.mark.check("A", 0.25, after=["A.name"])
def check_number(evidence):
    \"\"\"The name has a number.\"\"\"
    assert evidence.submission.name[-1].isdigit()

@pytest.mark.check("B", 2)
def check_data(evidence, assignment, verdict):
    \"\"\"The data are the assignment's.\"\"\"
    verdict.says(f"{evidence.dataset.name} for {assignment.id}")
"""
_count = itertools.count()


def write(folder: Path, checks: str = CHECKS, toml: str = TOML, **files: str) -> Path:
    """The folder of an assignment. Each has a name of its own: pytest imports a check file of one name once."""
    home = folder / f"tiny_{next(_count)}"
    home.mkdir()
    files = {"check_all": checks, "matching": "RULES = ()\n", **files}
    files.setdefault("findings", "def find(evidence):\n    return ()\n")
    files.setdefault("figures", "def plots(evidence):\n    return ()\n\n\ngalleries = plots\n")
    for name, text in files.items():
        (home / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    (home / "assignment.toml").write_text(toml, encoding="utf-8")
    return home


def assignment(folder: Path, checks: str = CHECKS, toml: str = TOML, **files: str) -> Assignment:
    return load(str(write(folder, checks, toml, **files)))
