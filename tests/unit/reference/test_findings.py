"""Findings of dat405_a7 on what was trained: each mistake is named, with its place, and good work has none."""

import pytest
from evidence import (
    FACTORS,
    autoencoder,
    data,
    dense,
    evidence,
    fit,
    images,
    labels,
    layer,
    mlp,
    network,
    noise,
    sweep,
)  # fmt: skip
from unit.reference.findings_sample import ASSIGNMENT, cell, found, on, written

from harness.recording import CellError, Component, Noise

SALT_AND_PEPPER = Noise(kind="salt_and_pepper", level=0.4)
L2, NONE = ("kernel L2 0.0001",), ()


def test_the_complete_hand_in_has_none():
    assert on() == {}


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("not-rescaled", {"mlp": mlp(data=data(x=images(high=255.0, scale=1.0)))}),
        ("rescaled-twice", {"mlp": mlp(data=data(x=images(high=1 / 255, scale=1 / 255**2)))}),
        ("labels-one-hot-twice", {"mlp": mlp(data=data(y=labels(encoding="one_hot_twice")))}),
        ("too-few-epochs", {"mlp": mlp(epochs=2)}),
        ("too-few-epochs", {"sweep": sweep(epochs=2)}),
        ("activity-regularizer", {"sweep": sweep(facts={"regularizers": (("activity L2 0.0001",),) * 2})}),
        ("l1-not-l2", {"sweep": sweep(facts={"regularizers": (("kernel L1 0.0001",),) * 2})}),
        ("decay-not-on-hidden-kernels", {"sweep": sweep(facts={"regularizers": (NONE, NONE), "output": L2})}),
        ("decay-not-on-hidden-kernels", {"sweep": sweep(facts={"regularizers": (L2, NONE)})}),
        ("hidden-units-not-500-300", {"sweep": sweep(facts={"units": (300, 500)})}),
        ("too-few-factors", {"sweep": sweep(factors=FACTORS[:4])}),
        ("factors-out-of-range", {"sweep": sweep(factors=(*FACTORS[:4], 0.01))}),
        ("no-replicates", {"sweep": sweep(replicates=1)}),
        ("noise-on-target", {"autoencoder": autoencoder(y=images(noise=SALT_AND_PEPPER))}),
        ("noise-changes-input", {"noise": noise(input_kept=False)}),
        ("noise-level-unused", {"noise": noise(changed=(0.4,) * 6)}),
        ("noise-level-unused", {"noise": noise(changed=(0.499, 0.501, 0.5, 0.502, 0.5, 0.498))}),
    ],
)  # fmt: skip
def test_a_mistake_is_named(code, changes):
    assert code in on(**changes)


@pytest.mark.parametrize("texts", [("activity L2 {}",), ("kernel L1 {}",), ()])
def test_a_decay_in_the_wrong_place_is_one_mistake(texts):
    """Five factors and three replicates are there all the same."""
    made = []
    for place, factor in enumerate(FACTORS):
        own = tuple(text.format(factor) for text in texts)
        facts = {"regularizers": (own, own), "output": () if texts else (f"kernel L2 {factor}",)}
        for number in range(3):
            made += sweep((factor,), 1, facts, id=f"sweep-{place}-{number}")
    assert len(on(sweep=tuple(made))) == 1


def test_hidden_layers_besides_those_asked():
    made = on(sweep=sweep(facts={"units": (64, 64, 500, 300)}))
    assert list(made) == ["extra-hidden-layers"]
    assert "64-64-500-300" in made["extra-hidden-layers"].message


def test_five_factors_with_replicates_are_enough_whatever_else_was_tried():
    baseline = sweep((None,), 1, {"regularizers": (NONE, NONE)}, id="none", epochs=10)
    beyond = sweep((0.01,), 1, id="beyond")
    assert on(sweep=(*baseline, *sweep(), *beyond)) == {}


def test_epochs_of_several_fits_add_up():
    """A loop of `fit(epochs=1)` trains as long as one fit of many epochs."""
    tens = network(fit(epochs=1, previous=("fit-0",)), epochs=10, fresh=True)
    assert "too-few-epochs" not in found(evidence(ASSIGNMENT, tens))
    forty = tuple(network(one.record, one.facts, epochs=40, fresh=True) for one in sweep(epochs=1))
    assert on(sweep=forty) == {}
    assert "3 epochs" in on(mlp=mlp(epochs=3))["too-few-epochs"].message


@pytest.mark.parametrize("name", ["Rescaling", "ops.TrueDivide"])
def test_a_network_that_rescales_is_no_finding(name):
    rescaling = fit(layer("InputLayer"), layer(name), dense(10), data=data(x=images(high=255.0, scale=1.0)))
    assert "not-rescaled" not in found(evidence(ASSIGNMENT, network(rescaling)))


def test_targets_that_drive_the_loss_below_zero():
    raw = images(shape=(60_000, 784), high=255.0, scale=1.0)
    made = autoencoder(y=raw)
    loss = Component(class_name="binary_crossentropy")
    wrong = network(made.record.model_copy(update={"loss": loss}), made.facts)
    seen = found(evidence(ASSIGNMENT, wrong))["not-rescaled"]
    assert "below zero" in seen.message
    assert seen.task == "4A"


def test_labels_of_a_fit_that_failed():
    failed = mlp(data=data(y=labels(encoding="one_hot_twice")), error="the shapes do not fit")
    assert on(mlp=failed)["labels-one-hot-twice"].where == failed.where


def test_labels_that_no_loss_takes():
    message = "Arguments must have the same rank. Received: target.shape=(2, 10, 10), output.shape=(2, 10)"
    made = written("model.fit(x, y)", errors=[CellError(where=cell(1), type="ValueError", message=message)])
    assert made["labels-one-hot-twice"].where == cell(1)


@pytest.mark.parametrize("changed", [(1.0, 0.8, 0.6, 0.4, 0.2, 0.0), (0.4,)])
def test_noise_that_goes_with_the_level_or_was_tried_once_is_no_finding(changed):
    assert "noise-level-unused" not in on(noise=noise(changed=changed, levels=tuple(range(len(changed)))))
