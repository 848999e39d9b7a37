"""The recipe: one identity for one training, whatever it was written like, and a sentence where there is none."""

import dataclasses

import numpy as np
import pytest
from evidence import (
    CNN_LAYERS,
    MLP_LAYERS,
    chain,
    conv2d,
    data,
    dense,
    digits,
    fit,
    flatten,
    image_input,
    images,
    labels,
    sgd,
)  # fmt: skip

from harness.allowlist import Refused
from harness.recording import Component, FitData, Noise, Rows
from harness.training.from_recording import from_fit
from harness.training.recipe import Prepared, Recipe, Scale, evaluation_arrays, training_arrays

DIGITS = digits()
OFFICIAL = dataclasses.replace(  # MNIST's size and standing, small to hold
    DIGITS, name="mnist", official=True, sha256="0" * 64,
    x_train=np.broadcast_to(np.arange(60_000, dtype="u1")[:, None, None], (60_000, 28, 28)),
    y_train=(np.arange(60_000) % 10).astype("u1"),
)  # fmt: skip


def recipe(record=None, frames=None, dataset=DIGITS, scale=None) -> Recipe:
    return from_fit(record or fit(), frames or {}, dataset, scale).recipe


def sha(record=None, **more) -> str:
    return recipe(record, **more).sha256


def refusal(record, frames=None, dataset=DIGITS) -> str:
    with pytest.raises(Refused) as refused:
        from_fit(record, frames or {}, dataset)
    return str(refused.value)


# --- equal trainings have equal hashes


def renamed(layers):
    return [one.model_copy(update={"name": f"own_{n}", "uid": 50 + n}) for n, one in enumerate(layers)]


EQUAL = {
    "names": fit(*renamed(MLP_LAYERS)),
    "a fit, a model and a place of its own": fit(id="fit-9", model=7, where=None, contract_task="2C"),
    "the loss as an object": fit(loss=Component(
        class_name="CategoricalCrossentropy",
        config={"reduction": "sum_over_batch_size", "from_logits": False, "label_smoothing": 0.0, "axis": -1},
    )),
    "the rate in double precision": fit(optimizer=sgd(0.1)),
    "no validation data": fit(data=data(validation_x=None, validation_y=None)),
    "other metrics": fit(metrics=("acc", "mae")),
    "callbacks that watch": fit(callbacks=(Component(class_name="TensorBoard"), Component(class_name="History"))),
    "a scale from a fit of float32 values": fit(data=data(x=images(scale=0.003921568859368563))),
    "defaults written out": fit(*MLP_LAYERS[:2], dense(64, "relu", kernel_initializer="glorot_uniform"),
                                *MLP_LAYERS[3:]),
    "what is off in a later Keras": fit(*MLP_LAYERS[:2], dense(64, "relu", lora_rank=None), *MLP_LAYERS[3:]),
    "float64 images": fit(data=data(x=images(dtype="float64", mean=0.2))),
}  # fmt: skip


@pytest.mark.parametrize("record", EQUAL.values(), ids=EQUAL)
def test_equal_trainings_have_one_identity(record):
    assert sha(record) == sha()


def test_sequential_and_functional_give_the_same_recording_and_hash():
    """The recorder inlines both into a graph; an autoencoder's decoder may have stood among other nodes."""
    functional = [one.model_copy(update={"name": name}) for one, name in zip(MLP_LAYERS, "abcde", strict=True)]
    assert sha(fit(*functional)) == sha()


DIFFERENT = {
    "units": fit(*MLP_LAYERS[:2], dense(65, "relu"), *MLP_LAYERS[3:]),
    "activation": fit(*MLP_LAYERS[:2], dense(64, "tanh"), *MLP_LAYERS[3:]),
    "weight decay": fit(*MLP_LAYERS[:2], dense(64, "relu", kernel_regularizer="L2"), *MLP_LAYERS[3:]),
    "activity for kernel": fit(*MLP_LAYERS[:2], dense(64, "relu", activity_regularizer="L2"), *MLP_LAYERS[3:]),
    "a layer more": fit(*MLP_LAYERS[:3], dense(64, "relu"), *MLP_LAYERS[3:]),
    "frozen": fit(*MLP_LAYERS[:2], MLP_LAYERS[2].model_copy(update={"trainable": False}), *MLP_LAYERS[3:]),
    "epochs": fit(epochs=11),
    "batch size": fit(batch_size=127),
    "shuffle": fit(shuffle=False),
    "loss": fit(loss=Component(class_name="mse")),
    "logits": fit(loss=Component(class_name="CategoricalCrossentropy", config={"from_logits": True})),
    "optimizer": fit(optimizer=Component(class_name="adam")),
    "rate": fit(optimizer=sgd(0.2)),
    "momentum": fit(optimizer=sgd(momentum=0.9)),
    "class weight": fit(class_weight={"0": 2.0}),
    "fewer images": fit(data=data(x=images(rows=Rows(kind="slice", count=30_000, stop=30_000)))),
    "test images": fit(data=data(x=images(source="x_test", rows=Rows(kind="all", count=10_000)))),
    "not divided": fit(data=data(x=images(scale=1.0, high=255.0))),
    "offset": fit(data=data(x=images(offset=-0.5))),
    "shape": fit(data=data(x=images(shape=(60_000, 28, 28)))),
    "noise": fit(data=data(x=images(noise=Noise(kind="salt_and_pepper", level=0.4)))),
    "uniform noise": fit(data=data(x=images(noise=Noise(kind="uniform", level=0.4)))),
    "one noise for all": fit(data=data(x=images(noise=Noise(kind="uniform", level=0.4, shared=True)))),
    "from zero": fit(data=data(x=images(noise=Noise(kind="uniform", level=0.4, from_zero=True)))),
    "integer labels": fit(data=data(y=labels(encoding="labels", shape=(60_000,)))),
    "a held-out share": fit(data=data(validation_split=0.2)),
}


def test_every_setting_that_matters_changes_the_hash():
    hashes = {name: sha(record) for name, record in DIFFERENT.items()} | {"as it is": sha()}
    assert len(set(hashes.values())) == len(hashes), sorted(hashes.items(), key=lambda item: item[1])


def test_the_data_set_is_part_of_it():
    assert sha(dataset=OFFICIAL) != sha()
    assert sha(dataset=dataclasses.replace(DIGITS, sha256="1" * 64)) != sha()


def test_own_labels_are_part_of_it():
    record = fit(data=data(y=labels(frame="own", labels_match=0.1)))
    zeros, ones = np.zeros(60_000, "u1"), np.ones(60_000, "u1")
    assert len({sha(), sha(record, frames={"own": zeros}), sha(record, frames={"own": ones})}) == 3


def test_the_hash_is_of_the_content():
    """Written down: a change of this value trains everything anew, and unlinks calibrations."""
    assert recipe().model_dump(mode="json")["model"]["layers"][2] == {
        "class_name": "Dense", "arguments": {"activation": "relu", "units": 64}, "trainable": True,
    }  # fmt: skip
    symmetric = recipe(DIFFERENT["uniform noise"]).model_dump(mode="json")["x"]["noise"]
    assert symmetric == {"kind": "uniform", "level": 0.4, "clipped": True}
    again = Recipe.model_validate_json(recipe().model_dump_json())
    assert (again, again.sha256) == (recipe(), sha())


# --- seeds


def test_seeds_change_the_hash_and_nothing_else():
    first, second = recipe(), recipe().with_seed(1)
    assert first.seed == 0
    assert first.sha256 != second.sha256
    assert first.without_seed == second.without_seed
    assert second.with_seed(0) == first


def test_a_scaled_recipe_is_another_training():
    scaled = recipe(scale=Scale(epochs=60, batch_size=32))
    assert (scaled.epochs, scaled.batch_size) == (60, 32)
    assert scaled.without_seed != recipe().without_seed
    assert recipe(fit(epochs=3), scale=Scale(epochs=60, batch_size=32)) == scaled


# --- which images


def rows_of(record, dataset=DIGITS, frames=None):
    prepared = from_fit(record, frames or {}, dataset)
    return prepared.arrays[prepared.recipe.x.rows]


def test_all_images():
    assert rows_of(fit()).tolist() == list(range(1437))
    assert recipe().x.count == 1437
    assert len(rows_of(fit(), OFFICIAL)) == 60_000


def test_slices_on_digits_keep_their_share_and_stay_apart():
    first = rows_of(fit(data=data(x=images(rows=Rows(kind="slice", count=50_000, stop=50_000)))))
    rest = Rows(kind="slice", count=10_000, start=50_000, stop=60_000)
    second = rows_of(fit(data=data(x=images(rows=rest))))
    assert len(first) == pytest.approx(1437 * 5 / 6, abs=1)
    assert sorted([*first, *second]) == list(range(1437))


@pytest.mark.parametrize(
    ("split", "official", "digit_images"), [(0.1, 54_000, 1293), (0.2, 48_000, 1149), (0.25, 45_000, 1077)]
)
def test_validation_split_holds_out_the_last_images_as_keras_does(split, official, digit_images):
    record = fit(data=data(validation_split=split))
    assert rows_of(record, OFFICIAL).tolist() == list(range(official))
    assert rows_of(record).tolist() == list(range(digit_images))


def test_validation_split_is_the_same_training_as_a_slice():
    split = fit(data=data(validation_split=0.2))
    rows = Rows(kind="slice", count=48_000, stop=48_000)
    sliced = fit(data=data(x=images(rows=rows, shape=(48_000, 28, 28, 1)), y=labels(shape=(48_000, 10))))
    assert recipe(split, dataset=OFFICIAL) == recipe(sliced, dataset=OFFICIAL)


def test_listed_rows_cross_as_a_frame():
    record = fit(data=data(x=images(rows=Rows(kind="listed", count=3, frame="rows"))))
    assert rows_of(record, frames={"rows": np.array([5, 1437 + 5, 7], "i4")}).tolist() == [5, 7]
    assert rows_of(record, OFFICIAL, {"rows": np.array([5, 1442, 7], "i4")}).tolist() == [5, 1442, 7]


# --- what the trainer gets


def test_training_arrays_are_what_the_student_made():
    x, y = training_arrays(from_fit(fit(), {}, DIGITS), DIGITS)
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((1437, 28, 28, 1), np.float32, (1437, 10), np.float32)
    assert (x.min(), x.max()) == (0, 1)
    assert x[7, :, :, 0] == pytest.approx(DIGITS.x_train[7] / 255, rel=1e-6)
    assert np.array_equal(y.argmax(axis=1), DIGITS.y_train)


def test_evaluation_arrays_are_prepared_alike():
    record = fit(data=data(x=images(shape=(60_000, 784), scale=2 / 255, offset=-1.0)))
    x, y = evaluation_arrays(recipe(record), DIGITS)
    assert (x.shape, y.shape) == ((360, 784), (360, 10))
    assert (x.min(), x.max()) == (-1, 1)
    assert np.array_equal(y.argmax(axis=1), DIGITS.y_test)


def test_integer_labels():
    record = fit(data=data(y=labels(encoding="labels", shape=(60_000, 1))))
    _, y = training_arrays(from_fit(record, {}, DIGITS), DIGITS)
    assert (y.shape, y.dtype.kind) == ((1437, 1), "i")


def test_noise_is_repeatable_and_differs_between_seeds_and_sets():
    noisy = images(noise=Noise(kind="salt_and_pepper", level=0.4))
    clean = images(shape=(60_000, 28, 28, 1))
    prepared = from_fit(fit(data=data(x=noisy, y=clean)), {}, DIGITS)
    x, y = training_arrays(prepared, DIGITS)
    assert np.array_equal(x, training_arrays(prepared, DIGITS)[0])
    other = Prepared(prepared.recipe.with_seed(1), prepared.arrays)
    assert not np.array_equal(x, training_arrays(other, DIGITS)[0])
    np.testing.assert_allclose(y[:, :, :, 0], DIGITS.x_train / 255, rtol=1e-6)
    seasoned, target = evaluation_arrays(prepared.recipe, DIGITS)
    assert np.mean(seasoned != target) > 0.1
    assert not np.array_equal(seasoned, x[:360])


@pytest.mark.parametrize("dataset", [DIGITS, OFFICIAL], ids=["digits", "official"])
@pytest.mark.parametrize("split", [0.0, 0.2])
@pytest.mark.parametrize(("start", "stop"), [(0, 60_000), (20_000, 30_000)])
def test_own_labels_stay_with_their_images(dataset, split, start, stop):
    """A tenth of the labels is wrong; the others must still stand beside the image they were handed in with."""
    n = len(dataset.y_train)
    shown = np.arange(start, stop) % n
    own = dataset.y_train[shown].copy()
    own[::10] = (own[::10] + 1) % 10
    rows = Rows(kind="slice", count=stop - start, start=start, stop=stop)
    record = fit(data=data(
        x=images(rows=rows), y=labels(frame="own", encoding="labels", shape=(stop - start,), labels_match=0.9),
        validation_split=split,
    ))  # fmt: skip
    prepared = from_fit(record, {"own": own}, dataset)
    _, y = training_arrays(prepared, dataset)
    true = dataset.y_train[prepared.arrays[prepared.recipe.x.rows]]
    assert len(y) == len(true)
    assert 0.85 < np.mean(y == true) < 0.95


# --- canonical noise


def test_noise_from_zero_is_added_as_such():
    noisy = images(shape=(60_000, 784), noise=Noise(kind="uniform", level=0.3, clipped=False, from_zero=True))
    x, y = training_arrays(from_fit(fit(data=data(x=noisy, y=images(shape=(60_000, 784)))), {}, DIGITS), DIGITS)
    assert (x - y).min() >= -1e-6
    assert (x - y).mean() == pytest.approx(0.15, rel=0.02)


@pytest.mark.parametrize(
    ("estimated", "level"),
    [(0.4, 0.4), (0.4055, 0.4), (0.3945, 0.4), (0.0, 0.0), (0.099, 0.1), (0.42, 0.42), (0.4231, 0.42), (1.0, 1.0)],
)
def test_noise_levels_within_the_error_of_an_estimate_are_one(estimated, level):
    record = fit(data=data(x=images(noise=Noise(kind="salt_and_pepper", level=estimated))))
    assert recipe(record).x.noise.level == pytest.approx(level)


# --- refusals

REFUSALS = {
    "the fit cannot be repeated: it used a generator": fit(problem="it used a generator"),
    "the fit fails: ValueError: no": fit(error="ValueError: no"),
    "the fit uses the callback Mine, which is not trained with":
        fit(callbacks=(Component(class_name="custom:Mine"),)),
    "the fit's data are not arrays that were recognised": fit(data=FitData(kind="generator")),
    "the fit asks for 0 epochs; 1 to 500 are trained": fit(epochs=0),
    "the fit asks for 501 epochs; 1 to 500 are trained": fit(epochs=501),
    "the inputs of the fit, an array of shape (60000, 9), could not be recognised as images of the data set":
        fit(data=data(x=images(source=None, shape=(60_000, 9)))),
    "the targets of the fit, an array of shape (60000, 784), could not be recognised as images of the data set":
        fit(data=data(y=images(source="y_train", shape=(60_000, 784)))),
    "the inputs of the fit name images that do not exist: rows: the count is 5, the all has 60,000 rows":
        fit(data=data(x=images(rows=Rows(kind="all", count=5)))),
    "the labels were one-hot encoded twice: no network can be trained on them":
        fit(data=data(y=labels(encoding="one_hot_twice", shape=(60_000, 10, 2)))),
    "the targets of the fit, an array of shape (60000, 3), are neither labels nor images":
        fit(data=data(y=labels(encoding=None, shape=(60_000, 3)))),
    "the labels of the fit did not cross": fit(data=data(y=labels(frame="lost"))),
    "the labels are one-hot encoded into 5000 columns, which is more than is trained here":
        fit(data=data(y=labels(shape=(60_000, 5000)))),
    "the model was compiled without an optimizer": fit(optimizer=None),
    "the model was compiled without a loss": fit(loss=None),
    "the loss 'mine' is not on the list of what can be trained": fit(loss=Component(class_name="custom:mine")),
    "the optimizer 'Lion' is not on the list of what can be trained": fit(optimizer=Component(class_name="Lion")),
    "learning_rate: 'fast' is not a number": fit(optimizer=sgd(learning_rate="fast")),
    "layer `Dense` (dense): units: 0 lies outside 1 … 65,536": fit(image_input(), flatten(), dense(0)),
    "the model has no layers that could be rebuilt": fit(**{**chain(*MLP_LAYERS), "nodes": ()}),
}  # fmt: skip


@pytest.mark.parametrize("sentence", REFUSALS, ids=range(len(REFUSALS)))
def test_refusals_say_why(sentence):
    assert refusal(REFUSALS[sentence]) == sentence


def test_listed_rows_that_did_not_cross():
    record = fit(data=data(x=images(rows=Rows(kind="listed", count=3, frame="rows"))))
    assert refusal(record).startswith("the inputs of the fit name images that do not exist: listed: ")


def test_labels_of_another_count_are_refused():
    record = fit(data=data(y=labels(frame="own", labels_match=0.5)))
    assert refusal(record, {"own": np.zeros(7, "u1")}) == "there are 7 labels for 60,000 images"


@pytest.mark.parametrize(
    "own", [np.full(60_000, -1), np.full(60_000, "a"), np.full(60_000, 0.5), np.zeros((60_000, 1), "u1")]
)
def test_labels_that_are_none_are_refused(own):
    assert refusal(fit(data=data(y=labels(frame="own"))), {"own": own}) == "the labels of the fit did not cross"


def test_more_classes_than_columns():
    said = "the labels are one-hot encoded into 9 columns, and there are more classes"
    with pytest.raises(Refused, match=said):
        training_arrays(from_fit(fit(data=data(y=labels(shape=(60_000, 9)))), {}, DIGITS), DIGITS)


def test_noise_that_cannot_be_repeated():
    record = fit(data=data(x=images(scale=1.0, noise=Noise(kind="gaussian", level=0.1))))
    with pytest.raises(Refused, match="the noise of the fit cannot be repeated: images: values outside"):
        training_arrays(from_fit(record, {}, DIGITS), DIGITS)


def test_a_convolutional_network_has_a_recipe():
    assert recipe(fit(*CNN_LAYERS)).model.layers[1].arguments == {
        "activation": "relu", "filters": 16, "kernel_size": [5, 5],
    }  # fmt: skip
    assert sha(fit(*CNN_LAYERS)) != sha(fit(CNN_LAYERS[0], conv2d(16, 5, padding="same"), *CNN_LAYERS[2:]))
