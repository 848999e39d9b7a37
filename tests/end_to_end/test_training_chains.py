"""Trained on digits for real: networks that start from others, arrays that networks compute, unrecognised arrays,
what callbacks watch, changed images, and networks that came with weights of their own."""

import numpy as np
import pytest
from evidence import MLP_LAYERS, chain, conv2d, data, dense, digits, fit, flatten, image_input, images, layer, sgd

from harness.allowlist import Refused
from harness.measure.kept import Measurements
from harness.measure.self_trained import self_trained
from harness.models import canonical
from harness.recording import (
    Component,
    Derivation,
    Graph,
    LayerState,
    ModelRecord,
    Recording,
    SelfTrainedRecord,
)
from harness.training.from_recording import Recipes, evaluation_specs
from harness.training.process import TrainerProcess
from harness.training.recipe import Scale
from harness.training.sent import Weighted

pytestmark = pytest.mark.end_to_end
DIGITS = digits()
SHORT = Scale(epochs=4, batch_size=64)


@pytest.fixture(scope="module")
def trainer():
    with TrainerProcess("cpu") as process:
        yield process


def counted(*layers):
    return tuple(one.model_copy(update={"params": int(one.class_name == "Dense")}) for one in layers)


def run(trainer, prepared):
    """The run of a recipe, its ancestors trained before it."""
    weights = {}
    for one in (*prepared.ancestors, prepared):
        parents = [weights[identity] for identity in one.recipe.parents]
        made = trainer.train(one, lambda _epoch, _of: None, parents)
        weights[one.recipe.without_seed] = Weighted(one.recipe, made.weights)
    return made


def told(made):
    return float((made.predictions.argmax(axis=1) == DIGITS.y_test).mean())


def recipe_of(*fits, scale=SHORT, models=(), frames=None):
    made = Recipes(Recording(fits=fits, models=models), frames or {}, DIGITS, scale)
    return made.of(fits[-1].id)


FIRST = fit(*counted(*MLP_LAYERS), id="a")
STATES = tuple(LayerState(layer=uid, fit="a", of=uid) for uid in (3, 4, 5))


def on_from_a(**changes):
    return fit(*counted(*MLP_LAYERS), **{"id": "b", "previous": ("a",), "states": STATES, **changes})


def test_a_network_that_starts_from_another_knows_what_it_learnt(trainer):
    slow = sgd(0.0)  # learns nothing more: what it tells, its parent had learnt
    parent, child = run(trainer, recipe_of(FIRST)), run(trainer, recipe_of(FIRST, on_from_a(optimizer=slow)))
    assert told(parent) > 0.5
    assert all(np.array_equal(one, other) for one, other in zip(parent.weights, child.weights, strict=True))
    assert child.predictions == pytest.approx(parent.predictions, abs=1e-5)


def test_a_layer_that_moved_to_another_network(trainer):
    """Transfer: the first hidden layer of the parent, frozen, below a new output."""
    taken = counted(image_input(), flatten(), dense(64, "relu"))
    frozen = taken[2].model_copy(update={"trainable": False})
    record = fit(*taken[:2], frozen, *counted(dense(10, "softmax")), id="b",
                 states=(LayerState(layer=3, fit="a", of=3),))  # fmt: skip
    parent, child = run(trainer, recipe_of(FIRST)), run(trainer, recipe_of(FIRST, record))
    assert np.array_equal(child.weights[0], parent.weights[0])
    assert child.weights[2].shape == (64, 10)
    assert told(child) > 0.5


def test_weights_that_do_not_fit_are_refused(trainer):
    wrong = fit(*counted(image_input(), flatten(), dense(32, "relu"), dense(10, "softmax")), id="b",
                states=(LayerState(layer=3, fit="a", of=3),))  # fmt: skip
    with pytest.raises(Refused, match=r"weight.* \(784, 64\)"):
        run(trainer, recipe_of(FIRST, wrong))


ENCODER = ModelRecord(uid=50, name="encoder", kind="functional", **chain(*counted(*MLP_LAYERS[:3])))
CODES = images(
    shape=(60_000, 64), source=None, rows=None, encoding=None,
    derived=Derivation(model=50, given=images(), states=(LayerState(layer=3, fit="a", of=3),)),
)  # fmt: skip


def test_a_classifier_on_what_another_network_computes(trainer):
    on_codes = fit(image_input(64), dense(10, "softmax"), id="b", data=data(x=CODES))
    prepared = recipe_of(FIRST, on_codes, models=(ENCODER,))
    parent, child = run(trainer, prepared.ancestors[0]), run(trainer, prepared)
    assert told(child) > 0.5
    hidden = np.maximum(DIGITS.x_test.reshape(360, -1) / 255 @ parent.weights[0] + parent.weights[1], 0)
    logits = hidden @ child.weights[0] + child.weights[1]
    assert (logits.argmax(axis=1) == child.predictions.argmax(axis=1)).mean() > 0.99


def test_an_array_that_was_not_recognised(trainer):
    rng = np.random.default_rng(0)
    shown = np.arange(60_000) % len(DIGITS.x_train)
    blurred = np.clip(DIGITS.x_train[shown[:5000]] / 255 + rng.normal(0, 0.05, (5000, 28, 28)), 0, 1).astype("f4")
    x = images(shape=(5000, 28, 28), source=None, rows=None, encoding=None, content="own")
    y = data().y.model_copy(update={"shape": (5000, 10), "source": None, "labels_match": None, "frame": "labels"})
    frames = {"own": blurred, "labels": DIGITS.y_train[shown[:5000]]}
    record = fit(image_input(28, 28), *MLP_LAYERS[1:], data=data(x=x, y=y))
    assert told(run(trainer, recipe_of(record, frames=frames))) > 0.5


# --- what steers


def test_callbacks_watch_what_was_held_out_and_curves_are_of_the_evaluation_set(trainer):
    """A held-out part whose labels are wrong gets worse with every epoch: training on it stops at once."""
    own = np.concatenate([DIGITS.y_train, (DIGITS.y_train + 1) % 10])
    shown = np.concatenate([DIGITS.y_train] * 41 + [own[1437:]])[:60_000]
    record = fit(
        callbacks=(Component(class_name="EarlyStopping", config={"monitor": "val_accuracy", "patience": 0}),),
        data=data(validation_split=0.2, validation_x=None, validation_y=None,
                  y=data().y.model_copy(update={"frame": "own", "labels_match": 0.9})),
    )  # fmt: skip
    wrong = shown.copy()
    wrong[1149:1437] = (wrong[1149:1437] + 1) % 10
    prepared = recipe_of(record, scale=Scale(epochs=30, batch_size=32), frames={"own": wrong})
    made = run(trainer, prepared)
    assert len(made.history["val_accuracy"]) < 30
    assert told(made) == pytest.approx(made.history["val_accuracy"][-1], abs=1e-6)


def test_a_table_of_rates_is_followed(trainer):
    rates = Component(class_name="LearningRateScheduler", config={"rates": [0.1, 0.1, 0.0, 0.0]})
    made = run(trainer, recipe_of(fit(epochs=4, callbacks=(rates,))))
    losses = made.history["val_loss"]
    assert losses[0] != losses[1]
    assert losses[1] == losses[2] == losses[3]


def test_a_schedule_is_followed(trainer):
    config = {"boundaries": [2], "values": [0.1, 0.0]}
    optimizer = sgd(learning_rate={"class_name": "PiecewiseConstantDecay", "config": config})
    made = run(trainer, recipe_of(fit(optimizer=optimizer)))
    assert made.history["val_loss"][0] == made.history["val_loss"][3] > 0


def test_changed_images_train_a_network_and_repeat(trainer):
    shifts = {"width_shift_range": 0.1, "rotation_range": 10.0}
    record = fit(image_input(), conv2d(4, 5), layer("MaxPooling2D"), flatten(), dense(10, "softmax"),
                 data=data(augmentation=shifts))  # fmt: skip
    first, again = (run(trainer, recipe_of(record)) for _ in range(2))
    plain = run(trainer, recipe_of(record.model_copy(update={"data": data()})))
    assert told(first) > 0.5
    assert np.array_equal(first.predictions, again.predictions)
    assert not np.array_equal(first.predictions, plain.predictions)


# --- trained by a loop of their own


def test_a_network_that_came_with_its_weights(trainer):
    made = run(trainer, recipe_of(FIRST))
    names = tuple(f"w{number}" for number in range(len(made.weights)))
    frames = dict(zip(names, made.weights, strict=True))
    graph = chain(*MLP_LAYERS)
    record = SelfTrainedRecord(id="own-1", model=1, how="gradient_tape", weights=names, inputs=images(), **graph)
    nothing_kept = Measurements(None, {}, "")
    (found,) = self_trained([record], frames, DIGITS, trainer, nothing_kept)
    assert found.accuracy == pytest.approx(told(made))
    assert (found.facts.params, found.images, found.problem) == (55_050, 360, None)
    on_range = record.model_copy(update={"inputs": images(source=None, rows=None, encoding=None, high=1.0)})
    assert self_trained([on_range], frames, DIGITS, trainer, nothing_kept)[0].accuracy == found.accuracy
    unknown = record.model_copy(update={"inputs": images(source=None, encoding=None, low=None, high=None)})
    assert self_trained([unknown], frames, DIGITS, trainer, nothing_kept)[0].accuracy >= found.accuracy
    (lost,) = self_trained([record], {}, DIGITS, trainer, nothing_kept)
    assert (lost.accuracy, lost.problem) == (None, "its weights did not cross")
    few = record.model_copy(update={"weights": names[:3]})
    assert "do not fit it" in self_trained([few], frames, DIGITS, trainer, nothing_kept)[0].problem


def test_inputs_whose_range_is_not_known_are_refused(trainer):
    spec = canonical(Graph(**chain(*MLP_LAYERS)))
    assert trainer.inspect(spec, None).params == 55_050
    with pytest.raises(Refused, match="cannot be made from the evaluation images"):
        evaluation_specs(images(source=None, encoding=None, low=-7.0, high=9.0))
