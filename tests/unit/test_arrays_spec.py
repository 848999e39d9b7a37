"""Arrays of a recipe: both sets together, padded, thresholded, inverted, unrecognised; made anew as they were."""

import dataclasses

import numpy as np
import pytest
from evidence import SALT, data, digits, fit, images, labels
from hypothesis import given
from hypothesis import strategies as st

from harness.allowlist import Refused
from harness.recording import Noise, Recording, Rows
from harness.training.arrays_spec import NOT_MADE, ArraySpec, DerivedSpec, as_images, no_models, seen
from harness.training.from_recording import Recipes, evaluation_specs, from_fit
from harness.training.recipe import evaluation_arrays, training_arrays
from harness.training.selection import MAX_ROWS, select

DIGITS = digits()


def prepared(frames=None, **changes):
    return from_fit(fit(data=data(**changes)), frames or {}, DIGITS)


def trained_on(frames=None, **changes):
    return training_arrays(prepared(frames, **changes), DIGITS)


def refusal(frames=None, **changes):
    with pytest.raises(Refused) as refused:
        prepared(frames, **changes)
    return str(refused.value)


# --- both sets, one behind the other

ALL = {"source": "x_all", "rows": Rows(kind="all", count=70_000), "shape": (70_000, 28, 28, 1)}
ALL_LABELS = {"source": "y_all", "shape": (70_000, 10)}


def test_training_and_evaluation_images_together():
    x, y = trained_on(x=images(**ALL), y=labels(**ALL_LABELS))
    assert len(x) == len(y) == 1797
    np.testing.assert_allclose(x[:1437, :, :, 0], DIGITS.x_train / 255, rtol=1e-6)
    np.testing.assert_allclose(x[1437:, :, :, 0], DIGITS.x_test / 255, rtol=1e-6)
    assert np.array_equal(y.argmax(axis=1), np.concatenate([DIGITS.y_train, DIGITS.y_test]))


@pytest.mark.parametrize(
    ("start", "stop", "training", "evaluation"),
    [(0, 60_000, 1437, 0), (60_000, 70_000, 0, 360), (50_000, 65_000, 240, 180)],
)
def test_a_slice_of_both(start, stop, training, evaluation):
    rows = Rows(kind="slice", count=stop - start, start=start, stop=stop)
    x = images(**{**ALL, "rows": rows})
    chosen = select(x, "inputs", {}, DIGITS)
    assert (chosen.rows < 1437).sum() == pytest.approx(training, abs=1)
    assert (chosen.rows >= 1437).sum() == evaluation


def test_listed_rows_of_both():
    frames = {"r": np.array([5, 60_005, 1437 + 5, 3], "i4")}
    x = images(**{**ALL, "rows": Rows(kind="listed", count=4, frame="r"), "shape": (4, 28, 28, 1)})
    assert select(x, "inputs", frames, DIGITS).rows.tolist() == [5, 1437 + 5, 3]
    assert select(x, "inputs", frames, DIGITS).places.tolist() == [0, 1, 3]


@pytest.mark.parametrize(
    "rows",
    [Rows(kind="all", count=90_000), Rows(kind="slice", count=2, start=69_999, stop=70_001),
     Rows(kind="slice", count=0), Rows(kind="listed", count=3, frame="r")],
)  # fmt: skip
def test_rows_of_both_that_do_not_exist(rows):
    assert "name images that do not exist" in refusal(x=images(**{**ALL, "rows": rows}))


# --- what was done to them


def test_images_made_wider_and_coloured():
    x, _ = trained_on(x=images(shape=(60_000, 32, 34, 3), pad=(2, 2, 3, 3), channels=3))
    assert x.shape == (1437, 32, 34, 3)
    np.testing.assert_allclose(x[:, 2:30, 3:31, 1], DIGITS.x_train / 255, rtol=1e-6)
    assert x.sum() == pytest.approx(3 * (DIGITS.x_train / 255).sum(), rel=1e-4)
    evaluation, _ = evaluation_arrays(
        prepared(x=images(shape=(9, 32, 34, 3), pad=(2, 2, 3, 3), channels=3)).recipe, DIGITS
    )
    assert evaluation.shape == (360, 32, 34, 3)


def test_black_around_an_inverted_image_is_white():
    x, _ = trained_on(x=images(shape=(60_000, 30, 30), scale=-1 / 255, offset=1.0, pad=(1, 1, 1, 1)))
    np.testing.assert_allclose(x[:, 1:29, 1:29], 1 - DIGITS.x_train / 255, rtol=0, atol=1e-6)
    assert (x[:, 0] == 1).all()


def test_a_threshold():
    x, _ = trained_on(x=images(threshold=0.5))
    assert np.array_equal(x[..., 0], (DIGITS.x_train / np.float32(255) > 0.5).astype("f4"))


def test_noise_comes_after_the_threshold():
    x, _ = trained_on(x=images(threshold=0.5, noise=SALT), y=images(threshold=0.5))
    assert set(np.unique(x)) == {0, 1}
    assert 0.1 < np.mean(x != trained_on(x=images(threshold=0.5))[0]) < 0.3


@pytest.mark.parametrize(
    "changes",
    [
        {"pad": (2, 2, 2, 2)},
        {"channels": 3},
        {"shape": (60_000, 32, 32, 1)},
        {"pad": (70, 70, 0, 0), "shape": (9, 168, 28)},
    ],
)
def test_a_shape_that_contradicts_what_was_done(changes):
    assert "are not images of 28 by 28" in refusal(x=images(**changes))


@given(
    pad=st.tuples(*[st.integers(0, 5)] * 4), channels=st.integers(1, 3),
    scale=st.sampled_from([1 / 255, -1 / 255, 1.0, 2 / 255]), offset=st.sampled_from([0.0, 1.0, -1.0]),
)  # fmt: skip
def test_images_come_back_from_what_a_network_sees(pad, channels, scale, offset):
    shape = (28 + pad[0] + pad[1], 28 + pad[2] + pad[3], channels)
    spec = ArraySpec(
        part="train", rows="", count=3, item_shape=shape, encoding="pixels", scale=scale, offset=offset, pad=pad,
        channels=channels,
    )  # fmt: skip
    again = as_images(spec, seen(spec, DIGITS.x_train[:3], None))
    np.testing.assert_allclose(again, DIGITS.x_train[:3].reshape(3, 784) / 255, rtol=0, atol=1e-5)


def test_each_of_it_is_part_of_the_recipe():
    made = [
        prepared(x=images(**changes)).recipe.sha256
        for changes in (
            {}, {"threshold": 0.5}, {"threshold": 0.4}, {"scale": -1 / 255},
            {"shape": (9, 28, 28, 3), "channels": 3}, {"shape": (9, 28, 30), "pad": (0, 0, 1, 1)},
            {"shape": (9, 28, 30), "pad": (0, 0, 2, 0)}, ALL,
        )
    ]  # fmt: skip
    assert len(set(made)) == len(made)
    assert prepared(x=images(scale=-0.003921568859368563)).recipe == prepared(x=images(scale=-1 / 255)).recipe


def test_images_of_another_data_set():
    assert refusal(x=images(data_set="fashion_mnist")) == (
        "the inputs of the fit are images of another data set, fashion_mnist"
    )


# --- arrays that were not recognised

RNG = np.random.default_rng(3)
OWN = {"source": None, "rows": None, "encoding": None, "content": "own"}
FREE = {"source": None, "labels_match": None, "frame": "labels"}


def content(low=0.0, high=1.0, n=2000, shape=(28, 28, 1), dtype="f4"):
    values = (low + (high - low) * RNG.random((n, *shape))).astype(dtype)
    frames = {"own": values, "labels": (np.arange(n) % 10).astype("u1")}
    given = {"x": images(**OWN, shape=values.shape), "y": labels(**FREE, shape=(n, 10))}
    return values, frames, given | {"validation_x": None, "validation_y": None}


def test_what_was_not_recognised_is_trained_on_as_it_is():
    values, frames, given = content(n=1000)
    x, y = training_arrays(from_fit(fit(data=data(**given)), frames, DIGITS), DIGITS)
    assert np.array_equal(x, values)
    assert np.array_equal(y.argmax(axis=1), np.arange(1000) % 10)


def test_what_several_fits_are_given_is_held_once():
    values, frames, given = content(n=1000, dtype="f8")
    fits = (fit(id="f0", data=data(**given)), fit(id="f1", data=data(**given), epochs=3))
    made = Recipes(Recording(fits=fits), frames, DIGITS)
    one, other = made.of("f0"), made.of("f1")
    assert one.recipe.x == other.recipe.x
    assert set(one.arrays) == {one.recipe.x.content, one.recipe.x.rows, one.recipe.y.labels}
    for digest, array in one.arrays.items():
        assert other.arrays[digest] is array
    assert np.array_equal(one.arrays[one.recipe.x.content], values.astype("f4"))


def test_what_crossed_as_it_is_trained_on_is_not_copied():
    values, frames, given = content(n=1000)
    made = from_fit(fit(data=data(**given)), frames, DIGITS)
    assert made.arrays[made.recipe.x.content] is values


def test_equal_bytes_of_another_type_are_another_array():
    """A digest is of bytes: 392 labels of class 0 have those of one black image."""
    frames = {"one": np.zeros((1, 28, 28), "f4"), "many": np.ones((392, 28, 28), "f4")}
    frames |= {"label": np.zeros(1, "u1"), "labels": np.zeros(392, "u1")}
    fits = [
        fit(id=name, data=data(
            x=images(**{**OWN, "content": x}, shape=frames[x].shape),
            y=labels(**{**FREE, "frame": y}, shape=(len(frames[y]), 10)),
        ))
        for name, x, y in (("f0", "one", "label"), ("f1", "many", "labels"))
    ]  # fmt: skip
    made = Recipes(Recording(fits=tuple(fits)), frames, DIGITS)
    one, other = made.of("f0"), made.of("f1")
    assert one.recipe.x.content == other.recipe.y.labels
    assert one.arrays[one.recipe.x.content].dtype == "float32"
    assert other.arrays[other.recipe.y.labels].dtype == "int64"


def test_that_images_were_not_recognised_is_said():
    _, frames, given = content()
    made = from_fit(fit(data=data(**given)), frames, DIGITS)
    assert made.notes == (
        "Your training images were not recognised, so it is measured on the test images as they are, which may be "
        "prepared otherwise than yours.",
    )
    assert not made.recipe.x.recognised
    assert prepared().notes == ()
    assert prepared().recipe.x.recognised


def test_what_is_computed_from_unrecognised_images_is_unrecognised():
    _, frames, given = content()
    below = from_fit(fit(data=data(**given)), frames, DIGITS).recipe
    for x, recognised in ((below.x, False), (prepared().recipe.x, True)):
        spec = DerivedSpec(model=below.model, starts=(), given=x)
        codes = ArraySpec(
            part="derived", rows=x.rows, count=x.count, item_shape=(64,), encoding="values", derived=spec
        )
        assert codes.root == x
        assert codes.recognised == recognised


def test_on_digits_of_many_rows_as_many_as_there_are_images():
    _, frames, given = content(n=2000)
    x, y = training_arrays(from_fit(fit(data=data(**given, validation_split=0.5)), frames, DIGITS), DIGITS)
    assert len(x) == len(y) == 718


@pytest.mark.parametrize(
    ("low", "high", "scale", "offset"),
    [(0, 1, 1 / 255, 0), (-1, 1, 2 / 255, -1), (0, 255, 1, 0), (0.2, 0.4, 1 / 255, 0)],
)
def test_evaluation_images_are_made_on_its_range(low, high, scale, offset):
    _, frames, given = content(low, high)
    made = from_fit(fit(data=data(**given)), frames, DIGITS).recipe
    assert (made.x.scale, made.x.offset) == (pytest.approx(scale), offset)
    x, y = evaluation_arrays(made, DIGITS)
    np.testing.assert_allclose(x[..., 0], DIGITS.x_test * scale + offset, rtol=1e-6, atol=1e-5)
    assert np.array_equal(y.argmax(axis=1), DIGITS.y_test)


def shown_by_validation(**changes):
    """The test images, given to fit for validation."""
    given = {"shape": (10_000, 28, 28, 1), "source": "x_test", "rows": Rows(kind="all", count=10_000)}
    return images(**given | changes)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 5)])
def test_evaluation_images_are_made_as_those_that_it_is_validated_on(low, high):
    _, frames, given = content(low, high, n=1000)
    shown = shown_by_validation(scale=2 / 255, offset=-1.0)
    made = from_fit(fit(data=data(**given | {"validation_x": shown})), frames, DIGITS)
    assert made.notes == (
        "Your training images were not recognised, so it is measured on the test images as you give them to fit "
        "for validation.",
    )
    x, _ = training_arrays(made, DIGITS)
    assert np.array_equal(x, frames["own"][: len(x)])
    seen, _ = evaluation_arrays(made.recipe, DIGITS)
    np.testing.assert_allclose(seen[..., 0], DIGITS.x_test * (2 / 255) - 1, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize(
    "other",
    [
        {"noise": Noise(kind="salt_and_pepper", level=0.4)},
        {"shape": (10_000, 784)},
        {"source": "x_train"},
        {"source": None, "rows": None},
    ],
)
def test_other_validation_images_do_not_show_how_evaluation_images_are_made(other):
    _, frames, given = content(0.2, 0.4)
    made = from_fit(
        fit(data=data(**given | {"validation_x": shown_by_validation(**{"scale": 1.0} | other)})), frames, DIGITS
    )
    assert "prepared otherwise than yours" in made.notes[0]
    assert made.recipe.x.scale == pytest.approx(1 / 255)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [({"low": -3.0}, "28, 28, 1"), ({"shape": (30, 30)}, "30, 30"), ({"high": 300.0}, "28, 28, 1")],
)
def test_where_they_cannot_be_made_it_is_refused(changes, shown):
    _, frames, given = content(**changes)
    assert refusal(frames, **given) == (
        f"the inputs of the fit, an array of shape (2000, {shown}), could not be recognised, and such inputs "
        "cannot be made from the evaluation images"
    )


def test_the_reason_ends_as_verdicts_expect():
    _, frames, given = content(low=-3.0)
    assert refusal(frames, **given).endswith(NOT_MADE)


@pytest.mark.parametrize(
    "lost", [{}, {"own": np.zeros((3, 28, 28, 1), "f4")}, {"own": np.full((2000, 28, 28, 1), "a")}]
)
def test_content_that_did_not_cross(lost):
    _, frames, given = content()
    assert "did not cross" in refusal({"labels": frames["labels"], **lost}, **given)


def test_nothing_is_made_of_a_length_that_is_only_claimed():
    """8 GiB of row numbers, where it is believed."""
    _, frames, given = content(n=10)
    given["x"] = given["x"].model_copy(update={"shape": (2**30, 28, 28, 1)})
    for official in (DIGITS, dataclasses.replace(DIGITS, official=True)):
        with pytest.raises(Refused, match="did not cross"):
            from_fit(fit(data=data(**given)), frames, official)


@pytest.mark.parametrize("rows", [0, MAX_ROWS + 1])
def test_an_array_of_no_rows_or_too_many_is_refused(rows):
    x = images(**OWN, shape=(rows, 0))
    frames = {"own": np.zeros((rows, 0), "f4"), "labels": np.zeros(rows, "u1")}
    assert "1 to 200,000 are trained on" in refusal(frames, x=x, y=labels(**FREE, shape=(rows, 10)))


def test_content_with_nan_is_refused():
    values, frames, given = content()
    values[5, 5, 5, 0] = np.nan
    assert "cannot be made from the evaluation images" in refusal(frames, **given)


def test_equal_values_are_equal_trainings_whatever_their_type():
    values, frames, given = content(n=100)
    one = from_fit(fit(data=data(**given)), frames, DIGITS).recipe
    other = from_fit(fit(data=data(**given)), {**frames, "own": values.astype("f8")}, DIGITS).recipe
    changed = values.copy()
    changed[0, 0, 0, 0] += 0.25
    third = from_fit(fit(data=data(**given)), {**frames, "own": changed}, DIGITS).recipe
    assert one == other
    assert one.sha256 != third.sha256


def test_it_stands_beside_the_rows_of_recognised_targets():
    """Noise of an unknown kind: the clean images are known, so that on digits the pairs stay pairs."""
    shown = np.arange(60_000) % 1437
    noisy = (DIGITS.x_train[shown] / np.float32(255)).astype("f4")
    rows = Rows(kind="slice", count=20_000, start=20_000, stop=40_000)
    given = {"x": images(**OWN, shape=(20_000, 28, 28, 1)), "y": images(rows=rows, shape=(20_000, 28, 28, 1))}
    frames = {"own": noisy[20_000:40_000, ..., None]}
    x, y = training_arrays(from_fit(fit(data=data(**given)), frames, DIGITS), DIGITS)
    assert len(x) == pytest.approx(1437 / 3, abs=1)
    np.testing.assert_allclose(x, y, rtol=1e-6)


def test_why_it_was_not_kept_is_said():
    given = images(source=None, encoding=None, not_kept="it is too large (900 MB)")
    assert refusal(x=given).endswith(
        "could not be recognised as images of the data set, and it is too large (900 MB)"
    )


def test_what_comes_of_a_network_s_answers_cannot_be_made_again():
    """Nothing is wrong with it: how the reason ends leaves it to a person."""
    given = images(source=None, encoding=None, not_kept="it was computed from the answers", of_answers=True)
    assert refusal(x=given).endswith(f"it was computed from the answers; such inputs {NOT_MADE}")


def test_images_for_a_network_of_a_loop_of_their_own():
    (seen_by,) = evaluation_specs(images(scale=2 / 255, offset=-1.0, shape=(64, 784)))
    assert (seen_by.scale, seen_by.offset, seen_by.item_shape) == (2 / 255, -1.0, (784,))
    (unknown,) = evaluation_specs(images(source=None, encoding=None, low=-0.9, high=0.9, shape=(64, 28, 28)))
    assert (unknown.scale, unknown.offset) == (2 / 255, -1.0)
    nothing = evaluation_specs(images(source=None, encoding=None, low=None, high=None))
    assert [(round(one.scale * 255), one.offset) for one in nothing] == [(1, 0.0), (2, -1.0), (255, 0.0)]
    with pytest.raises(Refused):
        evaluation_specs(images(source=None, encoding=None, low=0.0, high=900.0))


def test_without_models_nothing_is_derived():
    with pytest.raises(Refused, match="is not at hand here"):
        no_models(None, np.zeros(3))
