"""Weights known by their values: left by a fit, fresh, or neither."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from harness.worker.states import States, UnknownWeightsError, hash_of


class Weight:
    """What a Keras variable has that is looked at."""

    dtype = "float32"

    def __init__(self, values):
        self.assign(values)

    def numpy(self):
        return self.values

    def assign(self, values):
        self.values = np.array(values, dtype=np.float32)


@dataclass
class Layer:
    """What a Keras layer has that is looked at."""

    name: str = "dense"
    weights: list[Weight] = field(default_factory=lambda: [Weight(np.ones((3, 2))), Weight(np.zeros(2))])

    def copy_to(self, other):
        for weight, theirs in zip(self.weights, other.weights, strict=True):
            theirs.assign(weight.numpy())


def test_constant_weights_are_fresh():
    assert States().of([(1, Layer()), (2, Layer(weights=[]))]) == ()


def test_what_a_fit_left_is_known_wherever_it_is():
    states, layer, copy = States(), Layer(), Layer()
    states.left_by("fit-1", 7, [(1, layer)], real=False)
    layer.copy_to(copy)
    (state,) = states.of([(2, copy)])
    assert (state.layer, state.fit, state.of) == (2, "fit-1", 1)


def test_the_last_fit_counts():
    states, layer = States(), Layer()
    states.left_by("fit-1", 7, [(1, layer)], real=False)
    states.left_by("fit-2", 7, [(1, layer)], real=False)
    assert [state.fit for state in states.of([(1, layer)])] == ["fit-2"]


def test_frozen_layers_keep_their_state():
    states, layer = States(), Layer()
    states.left_by("fit-1", 7, [(1, layer)], real=False)
    before = [weight.numpy().copy() for weight in layer.weights]
    states.left_by("fit-2", 8, [(1, layer)], {1}, real=False)
    assert [state.fit for state in states.of([(1, layer)])] == ["fit-1"]
    assert all(np.array_equal(one, weight.numpy()) for one, weight in zip(before, layer.weights, strict=True))


def test_no_two_fits_leave_the_same_and_none_leaves_much_else():
    states, layers = States(), [Layer() for _ in range(20)]
    for number, layer in enumerate(layers):
        states.left_by(f"fit-{number}", number, [(number, layer)], real=False)
    seen = {weight.numpy().tobytes() for layer in layers for weight in layer.weights}
    assert len(seen) == 40
    assert all(np.abs(layer.weights[0].numpy() - 1).max() < 0.01 for layer in layers)


def test_real_training_changes_weights_itself():
    states, layer = States(), Layer()
    states.left_by("fit-1", 7, [(1, layer)], real=True)
    assert (layer.weights[0].numpy() == 1).all()
    assert [state.fit for state in states.of([(1, layer)])] == ["fit-1"]


def test_weights_of_two_fits_in_one_layer_are_neither():
    states, one, other = States(), Layer("one"), Layer("other")
    states.left_by("fit-1", 7, [(1, one)], real=False)
    states.left_by("fit-2", 8, [(2, other)], real=False)
    one.weights[0].assign(other.weights[0].numpy())
    with pytest.raises(UnknownWeightsError, match="`one`"):
        states.of([(1, one)])
    known, unknown = states.known([(1, one), (2, other)])
    assert [state.layer for state in known] == [2]
    assert unknown.startswith("its layer `one` starts from weights that no fit of this work left")


def test_fresh_weights_are_known_too():
    assert States().known([(1, Layer()), (2, Layer())]) == ((), None)


@pytest.mark.parametrize("change", [lambda w: w * 2, lambda w: w[::-1], lambda w: w + 1])
def test_computed_weights_are_neither(change):
    states, layer = States(), Layer()
    states.left_by("fit-1", 7, [(1, layer)], real=False)
    layer.weights[0].assign(change(layer.weights[0].numpy()))
    with pytest.raises(UnknownWeightsError):
        states.of([(1, layer)])


def test_a_fit_goes_on_until_a_compile_or_other_weights():
    states, layer = States(), Layer()
    assert states.continues(7, [(1, layer)]) is None
    states.left_by("fit-1", 7, [(1, layer)], real=False)
    assert states.continues(7, [(1, layer)]) == "fit-1"
    assert states.continues(8, [(1, layer)]) is None
    kept = layer.weights[1].numpy().copy()
    layer.weights[1].assign(np.full(2, 3.0))
    assert states.continues(7, [(1, layer)]) is None
    layer.weights[1].assign(kept)
    assert states.continues(7, [(1, layer)]) == "fit-1"
    states.compiled(7)
    assert states.continues(7, [(1, layer)]) is None


def test_equal_weights_have_one_hash_whatever_layers_hold_them():
    first, second = Layer("one"), Layer("two")
    known = hash_of([(1, first), (2, second)])
    assert known is not None
    assert hash_of([(7, Layer()), (8, Layer())]) == known
    second.weights[1].assign(np.array([0, 1e-7]))
    assert hash_of([(1, first), (2, second)]) != known
    assert hash_of([(1, first)]) not in (known, None)
    assert hash_of([]) is None
