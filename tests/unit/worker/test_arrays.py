"""Recognising arrays: which images a hand-in gave to fit, and in what form, is told exactly, or not at all."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from known_images import CODES, DATA, ONE_HOT, TEST, TRAIN, UNIT, X_TEST, Y_TEST, Seen, X, Y

from harness.recording import ArrayRecord, FitData


@pytest.fixture(scope="module")
def seen():
    return Seen()


# --- scales


SCALES = {
    "raw": (lambda x: x, 1, 0),
    "raw as float": (lambda x: x.astype("float32"), 1, 0),
    "raw as int64": (lambda x: x.astype("int64"), 1, 0),
    "/255": (lambda x: x.astype("float32") / 255, 1 / 255, 0),
    "/255 in float64": (lambda x: x / 255.0, 1 / 255, 0),
    "/255 in float16": (lambda x: (x / 255).astype("float16"), 1 / 255, 0),
    "/256": (lambda x: x / 256, 1 / 256, 0),
    "twice": (lambda x: x.astype("float32") / 255 / 255, 1 / 255**2, 0),
    "to [-1, 1]": (lambda x: (x.astype("float32") - 127.5) / 127.5, 2 / 255, -1),
    "to [-1, 1] in float16": (lambda x: (x / 127.5 - 1).astype("float16"), 2 / 255, -1),
    "to [-0.5, 0.5]": (lambda x: x / 255 - 0.5, 1 / 255, -0.5),
    "centred": (lambda x: x.astype(int) - 128, 1, -128),
    "standardised": (lambda x: ((x - x.mean()) / x.std()).astype("float32"), 1 / X.std(), -X.mean() / X.std()),
    "times 10": (lambda x: x * 10.0, 10, 0),
}


@pytest.mark.parametrize("name", SCALES)
def test_scales_are_told(seen, name):
    change, scale, offset = SCALES[name]
    record, _ = seen.pair(change(X), Y)
    assert (record.source, record.encoding, record.rows.kind, record.rows.count) == (
        "x_train",
        "pixels",
        "all",
        TRAIN,
    )
    assert record.scale == pytest.approx(scale, rel=1e-3)
    assert record.offset == pytest.approx(offset, abs=1e-3 * scale + 1e-3)
    assert record.dtype == str(change(X).dtype)


@settings(max_examples=40)
@given(
    st.floats(1e-6, 1e6),
    st.floats(-3, 3),
    st.lists(st.integers(0, TRAIN - 1), min_size=1, max_size=40),
    st.sampled_from([(28, 28), (784,), (28, 28, 1), (1, 784), (14, 56)]),
)
def test_any_affine_map_of_any_rows_is_told_or_left_unknown(scale, shift, rows, shape):
    seen = Seen()
    values = (X[rows] * scale + shift * scale).reshape(len(rows), *shape)
    record, labels = seen.pair(values, Y[rows])
    if {0, 255} <= set(X[rows].reshape(-1).tolist()):
        assert record.source == "x_train"
    if record.source is not None:
        assert seen.rows(record).tolist() == rows
        assert labels.labels_match == 1
        mapped = X[rows] * record.scale + record.offset
        assert np.abs(mapped.reshape(values.shape) - values).max() < 0.03 * scale


# --- other forms


def padded(x, *pad, value=0.0):
    return np.pad(x, ((0, 0), pad[:2], pad[2:]), constant_values=value)


FORMS = {
    "inverted": (1 - UNIT, {"scale": -1 / 255, "offset": 1}),
    "inverted bytes": (255 - X, {"scale": -1, "offset": 255}),
    "inverted to [-1, 1]": (1 - X / 127.5, {"scale": -2 / 255, "offset": 1}),
    "one image standardised": ((X[:1] - 33.3) / 78.6, {"scale": 1 / 78.6, "offset": -33.3 / 78.6}),
    "black and white": ((UNIT > 0.5).astype("float32"), {"scale": 1 / 255, "threshold": 0.5}),
    "rounded": (np.round(UNIT), {"scale": 1 / 255, "threshold": 0.5}),
    "anything but black": (X > 0, {"scale": 1 / 255, "threshold": 0.5 / 255}),
    "rounded down": (X // 255, {"scale": 1 / 255, "threshold": 254.5 / 255}),
    "over 100": (np.where(X > 100, 1, 0), {"scale": 1 / 255, "threshold": 100.5 / 255}),
    "black on white": (X < 128, {"scale": -1 / 255, "offset": 1, "threshold": 1 - 127.5 / 255}),
    "32 by 32": (padded(UNIT, 2, 2, 2, 2), {"scale": 1 / 255, "pad": (2, 2, 2, 2)}),
    "32 by 32, one channel": (padded(UNIT, 2, 2, 2, 2)[..., None], {"scale": 1 / 255, "pad": (2, 2, 2, 2)}),
    "32 by 32, flat": (padded(UNIT, 2, 2, 2, 2).reshape(TRAIN, -1), {"scale": 1 / 255, "pad": (2, 2, 2, 2)}),
    "lines below and right": (padded(X, 0, 4, 0, 4), {"scale": 1, "pad": (0, 4, 0, 4)}),
    "wide": (padded(UNIT, 0, 0, 3, 5), {"scale": 1 / 255, "pad": (0, 0, 3, 5)}),
    "padded before it is inverted": (
        padded(1 - UNIT, 2, 2, 2, 2, value=1),
        {"scale": -1 / 255, "offset": 1, "pad": (2, 2, 2, 2)},
    ),
    "three channels": (np.repeat(UNIT[..., None], 3, axis=-1), {"scale": 1 / 255, "channels": 3}),
    "two channels, padded, black and white": (
        np.stack([padded(UNIT > 0.3, 2, 2, 2, 2)] * 2, axis=-1),
        {"scale": 1 / 255, "threshold": 76.5 / 255, "pad": (2, 2, 2, 2), "channels": 2},
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_other_forms_are_told(seen, name):
    array, expected = FORMS[name]
    record, _ = seen.pair(array, Y[: len(array)])
    assert (record.source, record.encoding, record.rows.count) == ("x_train", "pixels", len(array))
    told = {"offset": 0, "threshold": None, "pad": (0, 0, 0, 0), "channels": 1} | expected
    assert (record.pad, record.channels) == (told["pad"], told["channels"])
    assert [record.scale, record.offset] == pytest.approx([told["scale"], told["offset"]])
    assert record.threshold == (told["threshold"] and pytest.approx(told["threshold"]))
    assert (record.content, record.not_kept) == (None, None)


def test_training_and_evaluation_images_together(seen):
    everything, labels = np.concatenate([X, X_TEST]), np.concatenate([Y, Y_TEST])
    record, target = seen.pair(everything / 255, labels)
    assert (record.source, record.rows.kind, target.source, target.labels_match) == ("x_all", "all", "y_all", 1)
    some = np.array([TRAIN + 7, 3, TRAIN, TRAIN - 1])
    record, target = seen.pair(everything[some], ONE_HOT[labels[some]])
    assert (record.source, target.source, target.labels_match) == ("x_all", "y_all", 1)
    assert seen.rows(record).tolist() == some.tolist()
    assert seen.pair(everything[TRAIN - 5 : TRAIN + 5], Y[:10])[0].rows.start == TRAIN - 5


def test_equal_images_are_told_in_order():
    data = DATA | {"x_train": np.concatenate([X[:150], X[:150]])}
    seen = Seen(data)
    twice = data["x_train"]
    assert seen.pair(twice, Y)[0].rows.kind == "all"
    assert seen.pair(twice[100:200], Y[100:200])[0].rows.start == 100
    assert seen.rows(seen.pair(twice[::-1], Y)[0]).tolist() == [*range(149, -1, -1)] * 2


def rebuilt(seen, record):
    """The array that a record tells of, by the order that `ArrayRecord` documents."""
    images = {"x_train": X, "x_test": X_TEST, "x_all": np.concatenate([X, X_TEST])}[record.source]
    values, black = images[seen.rows(record)] * record.scale + record.offset, record.offset
    if record.threshold is not None:
        values, black = (values > record.threshold).astype(float), float(black > record.threshold)
    above, below, left, right = record.pad
    values = padded(values, above, below, left, right, value=black)
    return np.repeat(values[..., None], record.channels, axis=-1).reshape(record.shape)


@settings(max_examples=60)
@given(st.data())
def test_what_is_recognised_can_be_rebuilt(data):
    """Any rows, affinely mapped, by a threshold, padded, repeated in channels and cast."""
    draw = data.draw
    everything = np.concatenate([X, X_TEST])
    which = draw(st.sampled_from(["a slice", "drawn"]))
    if which == "a slice":
        start, step = draw(st.integers(0, 300)), draw(st.integers(1, 4))
        rows = np.arange(start, min(start + draw(st.integers(1, 60)) * step, TRAIN + TEST), step)
    else:
        rows = np.array(draw(st.lists(st.integers(0, TRAIN + TEST - 1), min_size=1, max_size=60)))
    scale = draw(st.sampled_from([1, 1 / 255, 2 / 255, -1 / 255, -1, 1 / 78.6, 0.5]))
    array = everything[rows].astype(float) * scale + draw(st.sampled_from([0, 1, -1, -0.5, 255, -0.42]))
    if draw(st.booleans()):
        array = (array > array.min() + draw(st.sampled_from([0.1, 0.25, 0.5, 0.7])) * np.ptp(array)).astype(float)
    black = array[everything[rows] == 0][0]
    array = padded(array, *draw(st.sampled_from([(0, 0, 0, 0), (2, 2, 2, 2), (0, 4, 1, 3)])), value=black)
    if draw(st.booleans()):
        array = np.repeat(array[..., None], draw(st.integers(1, 3)), axis=-1)
    array = array.astype(draw(st.sampled_from(["float64", "float32"])))
    seen = Seen()
    record, _ = seen.pair(array, np.zeros(len(array)))
    assert record.source is not None
    assert np.abs(rebuilt(seen, record) - array).max() < 1e-5 * max(1, np.abs(array).max())
    chosen = {"x_train": X, "x_test": X_TEST, "x_all": everything}[record.source][seen.rows(record)]
    assert (chosen == everything[rows]).all()


@settings(max_examples=60)
@given(
    st.integers(0, 2**32),
    st.sampled_from([(784,), (28, 28), (32, 32), (28, 28, 3), (1024,)]),
    st.sampled_from(["random", "normal", "integers", "coins", "sparse"]),
)
@example(0, (784,), "integers")  # which were taken for uniform noise from 0 to 255 on dim images
def test_random_arrays_are_never_recognised(seed, shape, kind):
    rng, size = np.random.default_rng(seed), (20, *shape)
    array = {
        "random": lambda: rng.random(size, dtype="float32"),
        "normal": lambda: rng.normal(size=size),
        "integers": lambda: rng.integers(0, 256, size),
        "coins": lambda: rng.integers(0, 2, size),
        "sparse": lambda: (rng.random(size) < 0.1).astype("float32"),
    }[kind]()
    seen = Seen()
    record, _ = seen.pair(array, rng.integers(0, 10, 20))
    assert (record.source, record.noise, record.derived, record.data_set) == (None, None, None, None)
    assert np.allclose(seen.frame(record.content), array, rtol=1e-6)
    assert seen.recogniser.image_record(array.astype("float64")).source is None


# --- rows


ROWS = {
    "a slice": (slice(50, 250), "slice"),
    "the first": (slice(0, 100), "slice"),
    "every third": (slice(10, 300, 3), "slice"),
    "one": (slice(7, 8), "slice"),
    "shuffled": (np.random.default_rng(0).permutation(TRAIN), "listed"),
    "a subset": (np.random.default_rng(0).choice(TRAIN, 99, replace=False), "listed"),
    "backwards": (np.arange(TRAIN)[::-1], "listed"),
    "drawn with replacement": (np.random.default_rng(0).integers(0, TRAIN, TRAIN), "listed"),
    "one row again and again": (np.full(5, 3), "listed"),
    "all": (slice(None), "all"),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_are_told(seen, name):
    which, kind = ROWS[name]
    record, labels = seen.pair(UNIT[which].reshape(-1, 28, 28, 1), ONE_HOT[Y[which]])
    assert (record.source, record.rows.kind) == ("x_train", kind)
    assert seen.rows(record).tolist() == np.arange(TRAIN)[which].tolist()
    assert (labels.source, labels.labels_match, labels.frame) == ("y_train", 1, None)


@pytest.mark.parametrize(
    "shape", [(TRAIN, 784), (TRAIN, 28, 28), (TRAIN, 28, 28, 1), (TRAIN, 1, 28, 28), (TRAIN, 16, 49)]
)
def test_shapes_do_not_matter(seen, shape):
    record, _ = seen.pair(UNIT.reshape(shape), Y)
    assert (record.shape, record.source, record.rows.kind) == (shape, "x_train", "all")


def test_views_are_read_as_they_are(seen):
    wide = np.zeros((TRAIN, 28, 28, 2), "float32")
    wide[..., 1] = UNIT
    assert seen.pair(wide[..., 1], Y)[0].rows.kind == "all"
    assert seen.pair(np.asfortranarray(UNIT), Y)[0].rows.kind == "all"


def test_a_validation_set_cut_from_the_training_images(seen):
    data = seen.recogniser.fit_data(UNIT[:250], Y[:250], (UNIT[250:], Y[250:]), 0.0)
    assert isinstance(data, FitData)
    assert (data.x.rows.stop, data.validation_x.source, data.validation_x.rows.start) == (250, "x_train", 250)
    assert data.validation_y.labels_match == 1


def test_the_evaluation_set_is_told(seen):
    data = seen.recogniser.fit_data(UNIT, Y, (X_TEST / 255, Y_TEST), 0.25)
    assert (data.validation_x.source, data.validation_y.source, data.validation_split) == ("x_test", "y_test", 0.25)
    assert seen.pair(X_TEST / 255, Y_TEST)[0].source == "x_test"


# --- what is not recognised


UNKNOWN = {
    "random": np.random.default_rng(1).random((50, 784)),
    "transposed images": UNIT.transpose(0, 2, 1),
    "one pixel changed": np.where(np.arange(784) == 5, 0.123, UNIT.reshape(-1, 784)),
    "wrong size": UNIT[:, :27],
    "padded with grey": np.pad(UNIT, ((0, 0), (2, 2), (2, 2)), constant_values=0.5),
    "channels that differ": np.stack([UNIT, UNIT, 1 - UNIT], axis=-1),
    "channels of which one is shifted": np.stack([UNIT, np.roll(UNIT, 1, 0)], axis=-1),
    "black and white of two thresholds": np.concatenate([UNIT[:50] > 0.3, UNIT[50:] > 0.6]),
    "normalised image by image": UNIT / np.linalg.norm(UNIT, axis=(1, 2), keepdims=True),
    "clean and noisy": np.concatenate([UNIT, np.where(np.random.default_rng(0).random(UNIT.shape) < 0.3, 1, UNIT)]),
    "ones": np.ones((5, 784)),
    "coin tosses": np.random.default_rng(1).integers(0, 2, (50, 784)),
    "units": np.eye(784),
    "constant": np.zeros((5, 784)),
    "huge": np.full((5, 784), 1e305),
    "nan": np.full((5, 784), np.nan),
    "some infinite": np.where(UNIT > 0.9, np.inf, UNIT),
    "one axis": np.arange(784.0),
    "codes": CODES,
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_other_arrays_are_unknown(seen, name):
    array = UNKNOWN[name]
    record, _ = seen.pair(array, np.zeros(len(array)))
    assert (record.source, record.rows, record.noise, record.encoding) == (None, None, None, None)
    assert record.shape == array.shape
    assert (record.low is None) == (name in ("nan", "some infinite", "huge"))
    assert (record.derived, record.data_set, record.threshold) == (None, None, None)


@pytest.mark.parametrize("shape", [(0, 784), (0, 28, 28), (0,), (0, 10), (3, 0), (0, 10, 2)])
def test_nothing_is_nothing(seen, shape):
    for record in seen.pair(np.zeros(shape), np.zeros(shape)) + seen.pair(UNIT, np.zeros(shape)):
        assert record.labels_match is None


@settings(max_examples=120)
@given(
    hnp.arrays(
        st.sampled_from(["f2", "f4", "f8", "u1", "i4", "i8", "u8", "?"]),
        st.sampled_from([(3, 784), (2, 28, 28), (4,), (3, 10), (3, 10, 2), (1, 1), (2, 64)]),
        elements=None,
        fill=None,
    ),
    st.sampled_from([UNIT[:3], UNIT[:2], X[:4], np.zeros((3, 5))]),
)
def test_any_arrays_have_records(array, partner):
    seen = Seen()
    for record in (*seen.pair(array, partner), *seen.pair(partner, array)):
        assert isinstance(record, ArrayRecord)
        record.model_dump_json()


# --- arrays that change


def test_a_change_in_place_is_noticed(seen):
    array = X.astype("float32")
    assert seen.pair(array, Y)[0].scale == 1
    array /= 255
    assert seen.pair(array, Y)[0].scale == pytest.approx(1 / 255)
    array[:] = array[::-1].copy()
    assert seen.pair(array, Y)[0].rows.kind == "listed"
    array[7, 3, 4] += 0.001
    assert seen.pair(array, Y)[0].source is None


def test_a_small_change_in_a_large_array_is_noticed():
    large = np.tile(UNIT, (2, 1, 1))
    seen = Seen()
    assert seen.pair(large, np.tile(Y, 2))[0].source == "x_train"
    for place in range(40, 48):
        changed = large.copy()
        seen.pair(changed, np.tile(Y, 2))
        changed[1, 1, place - 40] = 0.5012
        assert seen.pair(changed, np.tile(Y, 2))[0].source is None


def test_the_same_array_is_recognised_once(seen, monkeypatch):
    array = UNIT.copy()
    first, _ = seen.pair(array, Y)
    monkeypatch.setattr(seen.recogniser, "_images", None)
    assert seen.pair(array, Y)[0] is first
    assert seen.pair(array[:].reshape(array.shape), Y)[0] is first


def test_arrays_are_not_kept_alive(seen):
    array = UNIT.copy()
    seen.pair(array, Y)
    kept = weakref.ref(array)
    del array
    gc.collect()
    assert kept() is None
