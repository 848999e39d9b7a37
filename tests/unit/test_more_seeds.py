"""More seeds are trained as long as the runs there are do not decide, and no longer."""

import numpy as np
import pytest
from evidence import CNN_LAYERS, digits, evidence, fit, gate, network
from unit.recipe_sample import CNN_SHAPED, MLP_SHAPED

from harness.assignment import load
from harness.evidence import Match
from harness.grading import Grader
from harness.training.cache import RunCache
from harness.training.cost import Allowance
from harness.training.process import TrainedRun, TrainerFailed

A7 = load("dat405_a7")
LABELS = digits().y_test
GATE = gate("2C", 0.90, 0.95, most=3)
OPEN = round(GATE.accepted - 0.01, 6)
HOPELESS = GATE.hopeless(1) - 0.05


def predicting(accuracy):
    """Outputs that tell so large a share of the evaluation images right."""
    right = np.arange(len(LABELS)) < round(accuracy * len(LABELS))
    return np.eye(10, dtype="f4")[np.where(right, LABELS, (LABELS + 1) % 10)]


class Trainer:
    """Gives each network's seeds the accuracies that are planned for it, by its epochs; raises those that are
    errors. Knows what it was asked to train."""

    def __init__(self, **planned):
        self._planned = {int(name.removeprefix("of_")): values for name, values in planned.items()}
        self.trained = []

    def describe(self, _recipe=None):
        return {"device": "cpu"}

    def train(self, prepared, *_):
        recipe = prepared.recipe
        self.trained.append((recipe.epochs, recipe.seed))
        planned = self._planned[recipe.epochs][recipe.seed]
        if isinstance(planned, Exception):
            raise planned
        answer = {"history": {}, "seconds": 1, "trainer": "keras_fit"}
        return TrainedRun(answer, {"predictions": predicting(planned)}, self.describe())


def graded(monkeypatch, trainer, *networks, task="2C", allowance=None, **changes):
    monkeypatch.setattr(type(A7), "allowance", lambda *_: allowance or Allowance())
    monkeypatch.setattr(type(A7.tasks[task]), "scale", lambda *_: None)
    matches = {task: Match(task=task, fits=tuple(one.record.id for one in networks))}
    gates = {f"{task}.accuracy": GATE.model_copy(update={"task": task, **changes})}
    made = evidence(A7, *networks, matches=matches, gates=gates)
    return Grader(A7, digits(), "quick", trainer, RunCache(None)).train(made, {}, lambda *_: None)


def mlp(name="fit-1", epochs=11, **more):
    return network(fit(id=name, epochs=epochs), MLP_SHAPED, (), **more)


@pytest.mark.parametrize(
    ("planned", "seeds"),
    [
        ((0.97,), 1),  # passes at once
        ((HOPELESS,), 1),  # hopeless at once
        ((OPEN, 0.97), 2),
        ((OPEN, OPEN, 0.97), 3),
        ((OPEN, OPEN, OPEN), 3),  # the limit
    ],
)
def test_seeds_are_added_until_they_decide(monkeypatch, planned, seeds):
    trainer = Trainer(of_11=planned)
    made = graded(monkeypatch, trainer, mlp())
    assert trainer.trained == [(11, seed) for seed in range(seeds)]
    assert [run.seed for run in made.fits["fit-1"].runs] == list(range(seeds))


def test_without_a_threshold_there_is_nothing_to_decide(monkeypatch):
    trainer = Trainer(of_11=(OPEN,))
    graded(monkeypatch, trainer, mlp(), reference=())
    assert len(trainer.trained) == 1


def test_the_assignments_own_recipe_needs_no_more(monkeypatch):
    monkeypatch.setattr(Grader, "_is_reference", lambda *_: True)
    trainer = Trainer(of_11=(OPEN, OPEN, OPEN))
    assert graded(monkeypatch, trainer, mlp()).fits["fit-1"].identical
    assert len(trainer.trained) == 1


def test_of_several_networks_the_most_accurate_gets_them(monkeypatch):
    networks = [
        network(fit(*CNN_LAYERS, id=name, epochs=epochs), CNN_SHAPED, ()) for name, epochs in (("a", 5), ("b", 6))
    ]
    monkeypatch.setattr(type(A7.profile("quick")), "candidates", 2, raising=False)
    trainer = Trainer(of_5=(HOPELESS,), of_6=(OPEN, OPEN, 0.97))
    graded(monkeypatch, trainer, *networks, task="3A")
    assert trainer.trained == [(5, 0), (6, 0), (6, 1), (6, 2)]


@pytest.mark.parametrize("error", [TrainerFailed("it died")])
def test_a_run_that_fails_leaves_it_open(monkeypatch, error):
    trainer = Trainer(of_11=(OPEN, error))
    made = graded(monkeypatch, trainer, mlp())
    assert len(made.fits["fit-1"].runs) == 1
    assert made.fits["fit-1"].problem is None
