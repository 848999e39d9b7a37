"""A folder of mutants: right hand-ins, and wrong ones that are a right one with one mistake.

The right ones lie there whole: NAME is the file NAME.py, or the folder NAME with a submission.py in it.
`mutants.toml` lists them, and of each wrong one what is wrong, which checks should catch it, and which words of its
right one are replaced by which; `laid_out` writes all of them as they would be handed in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness import assets
from harness.assignment import Assignment, AssignmentError

LISTED = "mutants.toml"
CONTRACT = "submission.py"


class MutantsError(AssignmentError):
    """A folder of mutants that is not there or does not fit together: the fault of whoever wrote it."""


class _Toml(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Right(_Toml):
    """A right hand-in: the tasks that it answers."""

    tasks: tuple[str, ...] = Field(min_length=1)


class Change(_Toml):
    """In the code of a right hand-in, `old`, which stands there once, becomes `new`."""

    old: str = Field(min_length=1)
    new: str


class Mutant(_Toml):
    """A wrong hand-in: the right one `of` with one mistake, `wrong` in a sentence, in the work of `task`."""

    of: str
    task: str
    wrong: str
    expected: tuple[str, ...] = Field(min_length=1)
    """Ids of the checks that should catch it, first of its own task."""
    argued: dict[str, str] = Field(default_factory=dict)
    """By data set, why it is no defect where nothing catches it there."""
    changes: tuple[Change, ...] = Field(min_length=1)
    """What makes the right one wrong, one after the other."""


class Mutants(_Toml):
    """What `mutants.toml` lists, by name."""

    right: dict[str, Right]
    wrong: dict[str, Mutant]

    @property
    def names(self) -> tuple[str, ...]:
        """The right hand-ins, then the wrong ones."""
        return (*self.right, *self.wrong)


def default_folder(assignment: Assignment) -> Path:
    """The assignment's mutants in a checkout of the harness."""
    return assets.PACKAGE.parent / "tests" / "mutants" / assignment.id


def read(folder: Path) -> Mutants:
    """The mutants of a folder. Raises MutantsError where its list does not fit itself or what lies beside it."""
    path = folder / LISTED
    try:
        listed = Mutants.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise MutantsError(f"{path}: there is no such file; name the folder of mutants by --mutants") from None
    except (ValidationError, ValueError) as error:
        raise MutantsError(f"{path}: {error}") from None
    twice = sorted(set(listed.right) & set(listed.wrong))
    if twice:
        raise MutantsError(f"{path}: listed as right and as wrong: {', '.join(twice)}")
    for name, mutant in listed.wrong.items():
        right = listed.right.get(mutant.of)
        if right is None:
            raise MutantsError(f"{path}: {name} is of {mutant.of!r}, which is not among the right hand-ins")
        if mutant.task not in right.tasks:
            raise MutantsError(f"{path}: {name} is of task {mutant.task}, which {mutant.of} does not answer")
    there = {entry.name.removesuffix(".py") for entry in folder.iterdir() if _is_hand_in(entry)}
    if there != set(listed.right):
        differ = ", ".join(sorted(there ^ set(listed.right)))
        raise MutantsError(f"{path}: its right hand-ins and those that lie beside it differ: {differ}")
    for name in listed.wrong:
        code_of(folder, listed, name)
    return listed


def chosen(mutants: Mutants, only: Sequence[str]) -> Mutants:
    """The wrong hand-ins of these names, and the right ones that they are made of; all where none is named.

    Raises MutantsError for a name that is not listed.
    """
    if not only:
        return mutants
    unknown = [name for name in only if name not in mutants.wrong]
    if unknown:
        raise MutantsError(f"no such mutant: {', '.join(unknown)}")
    wrong = {name: mutant for name, mutant in mutants.wrong.items() if name in only}
    needed = {mutant.of for mutant in wrong.values()}
    return Mutants(right={name: one for name, one in mutants.right.items() if name in needed}, wrong=wrong)


def in_contract(folder: Path, mutants: Mutants, name: str) -> bool:
    """Whether a listed hand-in is a folder with a submission.py; a script otherwise."""
    return not (folder / f"{_right_of(mutants, name)}.py").is_file()


def code_of(folder: Path, mutants: Mutants, name: str) -> str:
    """The code of a listed hand-in. Raises MutantsError where a change does not fit the right one's."""
    right = _right_of(mutants, name)
    source = folder / right / CONTRACT if in_contract(folder, mutants, name) else folder / f"{right}.py"
    text = source.read_text(encoding="utf-8")
    for change in mutants.wrong[name].changes if name in mutants.wrong else ():
        count = text.count(change.old)
        if count != 1:
            where = f"{folder / LISTED}: {name}"
            raise MutantsError(
                f"{where} replaces {change.old.strip()!r}, which stands {count} times in {source}, not once"
            )
        text = text.replace(change.old, change.new)
    return text


def laid_out(folder: Path, mutants: Mutants, into: Path) -> list[Path]:
    """Write all of them into an existing folder, as they would be handed in; where, in the order of their names."""
    paths = []
    for name in mutants.names:
        contract = in_contract(folder, mutants, name)
        paths.append(into / name if contract else into / f"{name}.py")
        written = paths[-1] / CONTRACT if contract else paths[-1]
        written.parent.mkdir(exist_ok=True)
        written.write_text(code_of(folder, mutants, name), encoding="utf-8")
    return paths


def _right_of(mutants: Mutants, name: str) -> str:
    return mutants.wrong[name].of if name in mutants.wrong else name


def _is_hand_in(entry: Path) -> bool:
    return entry.suffix == ".py" or (entry / CONTRACT).is_file()
