"""The example hand-ins of an assignment: what `expected.toml` lists of each, and grading them by the command.

`python tests/examples.py DIR` prints the outcomes of a graded folder in that file's form.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.results import Result, load

SUBMISSIONS = Path(__file__).resolve().parents[1] / "submissions"


def outcomes(result: Result) -> dict[str, str]:
    """Every task's and every check's outcome; a check's cause after a slash."""
    listed = {task.id: task.outcome.value for task in result.tasks}
    for check in result.checks:
        listed[check.id] = check.outcome.value + (f"/{check.cause.value}" if check.cause else "")
    return listed


@dataclass(frozen=True)
class Examples:
    """The folders of `folder` that are hand-ins to `assignment`, which has these tasks and ten points."""

    folder: Path
    assignment: str
    tasks: tuple[str, ...]

    @cached_property
    def entries(self) -> dict[str, dict[str, Any]]:
        """What the file lists: outcomes and findings by example, and in a table of its own what differs on one data
        set."""
        return tomllib.loads((self.folder / "expected.toml").read_text(encoding="utf-8"))

    @cached_property
    def names(self) -> list[str]:
        """A folder with a list of its own is another assignment's."""
        folders = [path for path in self.folder.iterdir() if path.is_dir()]
        return sorted(path.name for path in folders if not (path / "expected.toml").is_file())

    def findings(self, name: str) -> list[str]:
        """The codes of an example's findings."""
        return sorted(self.entries[name].get("findings", []))

    def expected(self, name: str, data: str) -> dict[str, str]:
        """The outcomes of an example on a data set."""
        entry = self.entries[name]
        return {check: said for check, said in entry.items() if isinstance(said, str)} | entry.get(data, {})

    def grade(self, names: Sequence[str], data: str, out: Path, cache: Path) -> dict[str, Result]:
        """Grade some of them as one class, in profile quick; at least one that is wrong on purpose."""
        command = [sys.executable, "-m", "harness", "grade", *(str(self.folder / name) for name in names)]
        command += ["--assignment", self.assignment, "--out", str(out), "--data", data, "--profile", "quick"]
        run = subprocess.run(
            [*command, "--jobs", "2", "--allow-unisolated"], env=os.environ | {"HARNESS_CACHE": str(cache)},
            capture_output=True, text=True, encoding="utf-8", timeout=3000,
        )  # fmt: skip
        assert run.returncode == 1, run.stderr[-3000:]
        assert "Traceback" not in run.stdout + run.stderr
        return {name: load(out / name / "result.json") for name in names}

    def assert_as_expected(self, name: str, result: Result, data: str) -> None:
        """An example has the outcomes and the findings that the file lists."""
        assert outcomes(result) == self.expected(name, data)
        assert sorted({finding.code for finding in result.findings}) == self.findings(name)
        assert tuple(task.id for task in result.tasks) == self.tasks
        assert result.max_points == 10


DAT405_A7 = Examples(SUBMISSIONS, "dat405_a7", ("1", "2A", "2B", "2C", "2D", "3A", "3B", "4A", "4B", "4C", "4D"))
NN_HW5 = Examples(SUBMISSIONS / "nn_hw5", "nn_hw5", ("1", "2", "3", "4", "5", "6"))


def assert_all_points_alike(one: Result, other: Result) -> None:
    """Two hand-ins of other forms, both right, earn all that a machine gives."""
    assert one.machine_points == other.machine_points == one.machine_max_points
    assert outcomes(one) == outcomes(other)


if __name__ == "__main__":
    for folder in sorted(path.parent for path in Path(sys.argv[1]).glob("*/result.json")):
        result = load(folder / "result.json")
        print(f"[{folder.name}]")
        codes = sorted({finding.code for finding in result.findings})
        print(f"findings = {codes}".replace("'", '"'))
        for name, outcome in outcomes(result).items():
            print(f'"{name}" = "{outcome}"')
        print()
