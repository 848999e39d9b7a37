"""Both trainers give the same verdicts on all examples and planted mistakes.

The trainers draw different numbers from one seed, as two machines do. So where an outcome is random, and a wrong
network's runs lie on both sides of what is accepted, one may pass what the other fails, as one seed may pass what
another fails. That and nothing else may differ: with other seeds, either trainer gives either outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from examples import DAT405_A7

from harness.assignment import load
from harness.classroom import Options, Silent, grade
from harness.mutants import default_folder, laid_out, read
from harness.results import CheckResult
from harness.training import choose as choosing
from harness.training import process
from harness.training.choose import Choice, Kind
from harness.training.recipe import Recipe

ASSIGNMENT = load("dat405_a7")
SEEDS = 12
"""Other seeds, where outcomes differ. An outcome of one run in four is missed by all of them three times in 100."""
APART = 1_000
"""Between the first of them and the next: more than a grading has."""

Choose = Callable[[Recipe, Kind], Choice]
Checks = dict[tuple[str, str], CheckResult]


def plain_fit(_recipe: Recipe, _kind: Kind) -> Choice:
    """Keras's own fit for everything."""
    return Choice("keras_fit", "", "cpu")


def compiled(recipe: Recipe, _kind: Kind, choose: Choose = choosing.choose) -> Choice:
    """The compiled trainer for all that it can train, convolutions on a processor among it."""
    return replace(choose(recipe, "gpu"), kind="cpu", width=1)


TRAINERS: dict[str, Choose] = {"keras_fit": plain_fit, "jax_scan": compiled}


@dataclass(frozen=True)
class Class:
    """Hand-ins, and how they are graded with either trainer."""

    paths: dict[str, Path]
    out: Path
    cache: Path
    monkeypatch: pytest.MonkeyPatch

    def graded(self, trainer: str, names: Iterable[str], first_seed: int = 0) -> Checks:
        """Every check, by hand-in and its id, where seeds are counted from `first_seed` on."""
        plain = Recipe.with_seed
        with self.monkeypatch.context() as patch:
            patch.setattr(process, "choose", TRAINERS[trainer])
            patch.setattr(choosing, "choose", TRAINERS[trainer])
            patch.setattr(Recipe, "with_seed", lambda recipe, seed: plain(recipe, first_seed + seed))
            out = self.out / f"{trainer}-{first_seed}"
            options = Options(
                assignment=ASSIGNMENT, out=out, data="digits", device="cpu", jobs=1, isolation="preferred",
                cache=self.cache,
            )  # fmt: skip
            results = grade([self.paths[name] for name in names], options, Silent())
        return {(one.submission.name, check.id): check for one in results for check in one.checks}


@pytest.fixture
def everything(cache, tmp_path, monkeypatch) -> Class:
    """All examples, and all planted mistakes with the right hand-ins that they are made of."""
    mutants, folder = tmp_path / "mutants", default_folder(ASSIGNMENT)
    mutants.mkdir()
    paths = [*(DAT405_A7.folder / name for name in DAT405_A7.names), *laid_out(folder, read(folder), mutants)]
    return Class({path.stem: path for path in paths}, tmp_path, cache, monkeypatch)


@pytest.mark.end_to_end
@pytest.mark.nightly
def test_both_trainers_give_the_same_verdicts(everything):
    first = {trainer: everything.graded(trainer, everything.paths) for trainer in TRAINERS}
    plain, fast = first.values()
    assert plain.keys() == fast.keys()
    differing = {
        one: {plain[one].outcome, fast[one].outcome} for one in plain if plain[one].outcome != fast[one].outcome
    }
    assert [one for one in differing if not (plain[one].judged and fast[one].judged)] == [], "no gate, no chance"
    for trainer, checks in first.items():
        missing = {one: either - {checks[one].outcome} for one, either in differing.items()}
        for number in range(1, SEEDS + 1):
            names = sorted({name for (name, _), outcomes in missing.items() if outcomes})
            again = everything.graded(trainer, names, APART * number) if names else {}
            for one in missing.keys() & again.keys():
                missing[one] -= {again[one].outcome}
        assert not any(missing.values()), f"with none of {SEEDS + 1} seeds {trainer} gives {missing}"
