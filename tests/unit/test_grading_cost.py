"""Grading asks before it trains: what is over a limit is not trained, and what is surely matched comes first."""

import numpy as np
import pytest
from evidence import CNN_LAYERS, digits, evidence, fit, network, sgd
from unit.recipe_sample import CNN_SHAPED, MLP_SHAPED

from harness import grading
from harness.allowlist import Refused
from harness.assignment import load
from harness.evidence import Match
from harness.grading import Grader
from harness.recording import Recording
from harness.results import Cause
from harness.store import Store
from harness.training.cache import RunCache
from harness.training.cost import Allowance, Work, of_recipe
from harness.training.from_recording import Recipes
from harness.training.process import TrainedRun

A7 = load("dat405_a7")
FACTS = {"fit-1": MLP_SHAPED, "fit-cnn": CNN_SHAPED}


class Trainer:
    """Trains nothing, and knows what it was asked to train."""

    def __init__(self):
        self.trained = []

    def describe(self, _recipe=None):
        return {"device": "cpu"}

    def train(self, prepared, *_):
        self.trained.append(prepared.recipe)
        answer = {"history": {}, "seconds": 1, "trainer": "keras_fit"}
        return TrainedRun(answer, {"predictions": np.zeros((360, 10), "f4")}, self.describe())


def untrained(*layers, **changes):
    record = fit(*layers, **changes)
    return network(record, FACTS[record.id], ())


MLP = untrained()
CNN = untrained(*CNN_LAYERS, id="fit-cnn", epochs=6)


def train(monkeypatch, allowance, unsure=(), networks=(MLP, CNN), matched=None):
    monkeypatch.setattr(type(A7), "allowance", lambda *_: allowance)
    trainer = Trainer()
    made = evidence(A7, *networks, **({"matches": matched} if matched else {}))
    matches = {name: one.model_copy(update={"sure": name not in unsure}) for name, one in made.matches.items()}
    grader = Grader(A7, digits(), "quick", trainer, RunCache(None))
    found = grader.train(made.model_copy(update={"matches": matches}), {}, lambda *_: None)
    return found.fits, trainer.trained


def work(recipe):
    convolutional = any("Conv" in one.class_name for one in recipe.model.layers)
    return of_recipe(recipe, FACTS["fit-cnn" if convolutional else "fit-1"]).work


def test_without_limits_everything_is_trained(monkeypatch):
    fits, trained = train(monkeypatch, Allowance())
    assert [len(fits[name].runs) for name in ("fit-1", "fit-cnn")] == [1, 1]
    assert len(trained) == 2


def test_what_is_over_the_limit_of_its_task_is_refused_with_the_figures(monkeypatch):
    fits, trained = train(monkeypatch, Allowance({"3A": Work(1e6, 1e6)}, {"3A": 2}))
    assert (fits["fit-cnn"].runs, fits["fit-cnn"].cause) == ((), Cause.REFUSED)
    assert "times the arithmetic of the reference network" in fits["fit-cnn"].problem
    assert len(fits["fit-1"].runs) == len(trained) == 1


def test_the_budget_goes_to_what_is_surely_matched(monkeypatch):
    _, (mlp, cnn) = train(monkeypatch, Allowance())
    enough_for_one = Allowance(total=Work(work(cnn).operations * 1.0001, 1e9))
    for unsure, name in (("2C", "fit-cnn"), ("3A", "fit-1")):
        fits, _ = train(monkeypatch, enough_for_one, unsure=(unsure,))
        assert [one for one in fits if fits[one].runs] == [name]
        (other,) = {"fit-1", "fit-cnn"} - {name}
        assert "a hand-in has" in fits[other].problem
    assert work(mlp).within(enough_for_one.total)


def several(*kinds):
    """Networks that differ in their learning rate, each larger than the one before: id, kind of facts, layers."""
    made = []
    for number, (name, kind, layers) in enumerate(kinds, start=1):
        record = fit(*layers, id=name, optimizer=sgd(number / 10))
        made.append(network(record, FACTS[kind], ()))
    return made


def by_rate(recipe):
    return recipe.optimizer[1]["learning_rate"]


def enough_for(recipes):
    """An allowance for these recipes, and no more; steps are free."""
    return Allowance(total=Work(1.0001 * sum(work(one).operations for one in recipes), 1e9))


CONVOLUTIONAL = ("fit-cnn", CNN_LAYERS)
DENSE = ("fit-1", ())


@pytest.mark.parametrize("unsure", [(), ("2C",)])
def test_each_tasks_first_network_comes_before_any_tasks_second(monkeypatch, unsure):
    """Further candidates do not use up what another task's only network needs."""
    networks = several(("a", *CONVOLUTIONAL), ("b", *CONVOLUTIONAL), ("c", *CONVOLUTIONAL), ("d", *DENSE))
    matched = {"3A": Match(task="3A", fits=("a", "b", "c")), "2C": Match(task="2C", fits=("d",))}
    _, trained = train(monkeypatch, Allowance(), networks=networks, matched=matched)
    *candidates, _ = sorted(trained, key=by_rate)
    fits, _ = train(monkeypatch, enough_for(candidates), unsure, networks, matched)
    assert [name for name in "abcd" if fits[name].runs] == ["a", "b", "d"]


def test_all_networks_of_a_sweep_are_its_first(monkeypatch):
    networks = several(("a", *DENSE), ("b", *DENSE), ("c", *CONVOLUTIONAL), ("d", *CONVOLUTIONAL))
    matched = {"3A": Match(task="3A", fits=("c", "d")), "2D": Match(task="2D", fits=("a", "b"))}
    _, trained = train(monkeypatch, Allowance(), networks=networks, matched=matched)
    _, *others = sorted(trained, key=by_rate)
    fits, _ = train(monkeypatch, enough_for(others), (), networks, matched)
    assert [name for name in "abcd" if fits[name].runs] == ["a", "b", "c"]


def test_what_is_evicted_while_it_is_needed_is_still_there(tmp_path, monkeypatch):
    """Another class may fill the cache between a network's training and its use."""
    monkeypatch.setattr(type(A7), "allowance", lambda *_: Allowance())
    cache, seen = RunCache(Store(tmp_path)), []

    def measured(grader, found, *_):
        cache.store.clear()
        seen.extend(grader.weighted(one) for task in found.matches for one in found.networks(task))
        return found

    monkeypatch.setattr(grading, "measure_trained", measured)
    Grader(A7, digits(), "quick", Trainer(), cache).train(evidence(A7, MLP, CNN), {}, lambda *_: None)
    assert len(seen) == 2
    assert None not in seen


def test_a_run_from_the_cache_costs_as_much(monkeypatch):
    """What is trained for one hand-in must not depend on what others had trained before."""
    trainer, cache = Trainer(), RunCache(None)
    monkeypatch.setattr(type(A7), "allowance", lambda *_: Allowance())
    grader = Grader(A7, digits(), "quick", trainer, cache)
    grader.train(evidence(A7, MLP, CNN), {}, lambda *_: None)
    monkeypatch.setattr(type(A7), "allowance", lambda *_: Allowance(total=Work(1, 1)))
    fits = grader.train(evidence(A7, MLP, CNN), {}, lambda *_: None).fits
    assert [fits[name].runs for name in ("fit-1", "fit-cnn")] == [(), ()]


class GraphicsTrainer(Trainer):
    """Trains several at once, as a GPU does."""

    def __init__(self):
        super().__init__()
        self.together = []

    def describe(self, _recipe=None):
        return {"device": "gpu"}

    def speed(self, *_):
        raise Refused("nothing to compare")

    def train_all(self, jobs, on_epoch, limit):
        assert limit.seconds > 0
        self.together.append([job.prepared.recipe for job in jobs])
        runs = [self.train(job.prepared, on_epoch) for job in jobs]
        self.trained = []  # what is left here was trained alone
        return runs


def test_on_a_gpu_the_runs_of_a_task_are_trained_together(monkeypatch):
    monkeypatch.setattr(type(A7), "allowance", lambda *_: Allowance())
    trainer = GraphicsTrainer()
    made = evidence(A7, MLP, CNN)
    found = Grader(A7, digits(), "full", trainer, RunCache(None)).train(made, {}, lambda *_: None)
    assert [len(found.fits[name].runs) for name in ("fit-1", "fit-cnn")] == [3, 1]
    assert [[recipe.seed for recipe in group] for group in trainer.together] == [[0, 1, 2], [0]]
    assert trainer.trained == []


def test_what_fails_together_is_told_with_the_fit_that_it_is_about(monkeypatch):
    monkeypatch.setattr(type(A7), "allowance", lambda *_: Allowance())

    class Failing(GraphicsTrainer):
        def train_all(self, *_):
            raise Refused("one of them does not fit")

    trainer = Failing()
    found = Grader(A7, digits(), "quick", trainer, RunCache(None)).train(
        evidence(A7, MLP, CNN), {}, lambda *_: None
    )
    assert [len(found.fits[name].runs) for name in ("fit-1", "fit-cnn")] == [1, 1]
    assert len(trainer.trained) == 2


def test_an_autoencoder_that_is_trained_for_its_decoder_comes_last(monkeypatch):
    networks = several(("a", *DENSE), ("b", *DENSE))
    matched = {"4D": Match(task="4D", fits=("a",)), "2C": Match(task="2C", fits=("b",), sure=False)}
    _, trained = train(monkeypatch, Allowance(), networks=networks, matched=matched)
    fits, _ = train(monkeypatch, enough_for(sorted(trained, key=by_rate)[1:]), ("2C",), networks, matched)
    assert [name for name in "ab" if fits[name].runs] == ["b"]


def test_it_may_take_what_task_4as_may(monkeypatch):
    matched = {"4D": Match(task="4D", fits=("fit-1",))}
    fits, _ = train(monkeypatch, Allowance({"4A": Work(1, 1)}, {"4A": 2}), networks=(MLP,), matched=matched)
    assert "times the arithmetic of the reference network" in fits["fit-1"].problem


def test_only_so_many_distinct_networks_are_inspected():
    """Equal ones count once, and the sentence says what the limit is."""
    models = set()
    for number in range(grading.MAX_MODELS):
        grading._counted(models, str(number))
    grading._counted(models, "0")
    with pytest.raises(Refused, match="more than 200 different networks"):
        grading._counted(models, "another")


def test_a_fit_beyond_them_is_refused_and_never_built(monkeypatch):
    monkeypatch.setattr(grading, "MAX_MODELS", 0)
    grader = Grader(A7, digits(), "quick", Trainer(), RunCache(None))  # its trainer cannot inspect
    record = fit()
    found = grader.inspected(record, Recipes(Recording(fits=(record,)), {}, digits()), set())
    assert found.cause is Cause.REFUSED
    assert "different networks" in found.problem
