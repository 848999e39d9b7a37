"""What the cases are and what each must get, as `listed.toml` and `expected/*.toml` say it."""

from __future__ import annotations

import importlib
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "cases"
GROUPS = tuple("ABCDEFGH")
Builder = Callable[[Path], Path]
"""Makes a hand-in that is no plain text, in an empty folder; gives the path that is handed in."""


class Expected(BaseModel):
    """What a case must get. Words in sequences are looked for as parts of what was said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    does: Annotated[str, Field(min_length=10)]
    """In a line: what the hand-in tries."""
    ended: Literal["whole", "interrupted", "nothing", "refused"]
    """Its code ran to the end; left part of a recording; left none; never ran."""
    cause: Literal["", "error_in_submission", "timeout", "out_of_memory", "refused"] = ""
    """Of an end that is not whole."""
    says: str = ""
    """Part of the sentence that tells of that end."""
    errors: tuple[str, ...] = ()
    """Of each, some error of its code: "TypeName: message"."""
    prints: tuple[str, ...] = ()
    """What its code must have printed: that it tried, and how it was refused."""
    findings: tuple[str, ...] = ()
    """Codes that must be among the student's findings."""
    integrity: tuple[str, ...] = ()
    """Codes of the notes for a person: these, and no others."""
    earns: dict[str, float] = {}
    """Machine points that a task may have at most; all others have none."""
    statement_seconds: float = 45.0
    """How long one statement may take in this case."""
    seconds: float = 180.0
    """How long the whole run may take. The worker needs 4 of them to import Keras, on a busy machine 40."""
    memory_mib: int = 8192
    """Address space of a process."""
    total_memory_mib: int = 8192
    """Memory of all its processes together."""
    control_group: bool = False
    """Only a control group can hold it: left out where none can be made."""
    fails: str = ""
    """Why the case is known not to get this yet (a strict xfail)."""


class Case(BaseModel):
    """One hand-in of the suite. `name` is "A01_fake_score"; an id may have several."""

    model_config = ConfigDict(frozen=True)

    name: str
    expected: Expected

    @property
    def id(self) -> str:
        """The id in the list of attacks: A01."""
        return self.name.partition("_")[0]

    def hand_in(self, folder: Path) -> Path:
        """The path that is handed in; a case that is built is built in `folder`."""
        if (FOLDER / self.name).is_dir():
            return FOLDER / self.name
        made = folder / self.name
        made.mkdir(parents=True)
        return builders()[self.name](made)


def listed() -> dict[str, str]:
    """The ids that the suite must have, each with its line."""
    entries: dict[str, str] = tomllib.loads((HERE / "listed.toml").read_text(encoding="utf-8"))
    return entries


def cases(group: str) -> dict[str, Case]:
    """The cases of a group by name, in order."""
    file = HERE / "expected" / f"{group}.toml"
    entries = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return {name: Case(name=name, expected=Expected(**entry)) for name, entry in sorted(entries.items())}


def builders() -> dict[str, Builder]:
    """The cases that are made by a function: BUILDERS of each `making_*.py`."""
    modules = [importlib.import_module(f"attacks.{file.stem}") for file in sorted(HERE.glob("making_*.py"))]
    return {name: builder for module in modules for name, builder in module.BUILDERS.items()}


def every_case() -> dict[str, Case]:
    """The cases of all groups by name, in order."""
    return {name: case for group in GROUPS for name, case in cases(group).items()}


def parameters() -> list[object]:
    """The names of all cases for `parametrize`; those that are known to fail must fail."""
    return [
        pytest.param(
            name, marks=pytest.mark.xfail(strict=True, reason=case.expected.fails) if case.expected.fails else ()
        )
        for name, case in every_case().items()
    ]


def well_named(name: str) -> bool:
    """Whether a case's name is an id and a few words."""
    return re.fullmatch(r"[A-H]\d\d(_[a-z0-9]+)+", name) is not None
