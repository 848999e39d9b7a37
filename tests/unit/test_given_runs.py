"""Runs that were trained elsewhere, or could not be: nothing is trained again for them."""

from types import SimpleNamespace

import pytest

from harness import stages
from harness.allowlist import Refused
from harness.results import Cause
from harness.training.cache import RunCache
from harness.training.process import TrainerFailed
from harness.training.runs import Runs, Untrained


class NoTrainer:
    def describe(self, _recipe=None):
        return {"device": "cpu"}

    def train(self, *_):
        pytest.fail("nothing is to be trained")


def prepared(name, *ancestors):
    recipe = SimpleNamespace(sha256=name, without_seed=name, parents=())
    return SimpleNamespace(recipe=recipe, ancestors=ancestors)


@pytest.mark.parametrize(("cause", "error"), [(Cause.REFUSED, Refused), (Cause.HARNESS_FAULT, TrainerFailed)])
@pytest.mark.parametrize("failed", ["child", "parent"])
def test_what_could_not_be_trained_is_not_tried_again_nor_what_starts_from_it(cause, error, failed):
    runs = Runs(NoTrainer(), RunCache(None), {failed: Untrained("as said", cause)})
    with pytest.raises(error, match="as said"):
        runs.train(prepared("child", prepared("parent")), lambda *_: None, None)


def test_a_fault_of_ours_in_training_costs_that_training_alone(monkeypatch):
    class Failing(Runs):
        def known(self, _recipe):
            return None

        def train_ahead(self, *_):
            raise ValueError("ours, in all")

        def train(self, *_):
            raise ValueError("ours")

    monkeypatch.setattr(stages, "Runs", Failing)
    one = SimpleNamespace(prepared=prepared("x"), seconds=1.0)
    seen = SimpleNamespace(hand_in=SimpleNamespace(name="a"), trainings={"x": one})
    bench = SimpleNamespace(trainer=NoTrainer(), cache=RunCache(None), tell=lambda _event: None)
    made = stages.train(bench, [(seen, "x")], [])
    assert made["x"].cause is Cause.HARNESS_FAULT
    assert "ValueError: ours" in made["x"].reason
