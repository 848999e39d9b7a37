"""Arrays in pairs, as fit is given them: labels are held against their images, noise against the clean images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from known_images import CODES, ONE_HOT, TRAIN, UNIT, Seen, X, Y

from harness import noise as season


@pytest.fixture(scope="module")
def seen():
    return Seen()


# --- labels


LABELS = {
    "labels": [Y, Y.astype("int64"), Y.astype("float32"), Y.reshape(-1, 1), Y.astype("float16")],
    "one_hot": [ONE_HOT[Y], ONE_HOT[Y].astype("float64"), ONE_HOT[Y].astype(int), ONE_HOT[Y].astype(bool)],
    "one_hot_twice": [np.eye(2)[ONE_HOT[Y].astype(int)], np.eye(10)[ONE_HOT[Y].astype(int)]],
}


@pytest.mark.parametrize(("encoding", "labels"), [(key, value) for key, many in LABELS.items() for value in many])
def test_encodings_of_labels(seen, encoding, labels):
    _, record = seen.pair(UNIT, labels)
    assert (record.source, record.encoding, record.labels_match) == ("y_train", encoding, 1)
    assert record.shape == labels.shape


@pytest.mark.parametrize("encode", [lambda y: y, lambda y: ONE_HOT[y], lambda y: np.eye(2)[ONE_HOT[y].astype(int)]])
def test_labels_that_do_not_belong_to_their_images_cross(seen, encode):
    own = np.roll(Y, 1)
    _, record = seen.pair(UNIT, encode(own))
    assert record.labels_match == pytest.approx((own == Y).mean())
    assert seen.frame(record.frame).tolist() == own.tolist()


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=40),
    st.sampled_from(["labels", "column", "one_hot", "one_hot_twice", "one_hot_twice_of_ten"]),
    st.sampled_from(["u1", "i4", "i8", "f4", "f8", "f2"]),
)
def test_any_labels_come_back(values, encoding, dtype):
    """Whether they are their images' own or not."""
    labels, count = np.array(values), len(values)
    encoded = {
        "labels": labels,
        "column": labels.reshape(-1, 1),
        "one_hot": np.eye(10)[labels],
        "one_hot_twice": np.eye(2)[np.eye(10, dtype=int)[labels]],
        "one_hot_twice_of_ten": np.eye(10)[np.eye(10, dtype=int)[labels]],
    }[encoding].astype(dtype)
    seen = Seen()
    _, record = seen.pair(UNIT[:count], encoded)
    assert record.encoding == ("labels" if encoding == "column" else encoding.removesuffix("_of_ten"))
    told = Y[:count] if record.labels_match == 1 else seen.frame(record.frame)
    assert told.tolist() == values


def test_labels_of_unknown_images_cross(seen):
    _, record = seen.pair(CODES, ONE_HOT[Y])
    assert (record.source, record.encoding, record.labels_match) == (None, "one_hot", None)
    assert seen.frame(record.frame).tolist() == Y.tolist()


def test_labels_of_another_length(seen):
    assert seen.pair(UNIT[:20], Y[:19])[1].labels_match is None


@pytest.mark.parametrize(
    "labels",
    [
        ONE_HOT[Y] * 0.9,
        ONE_HOT[Y] + 0.1,
        Y - 3.5,
        Y.astype(int) - 1,
        np.full(TRAIN, np.nan),
        np.full(TRAIN, np.inf),
        np.full(TRAIN, 2**63, "uint64"),
        np.stack([ONE_HOT[Y], ONE_HOT[Y]], axis=-1),
        np.full(TRAIN, 256),
    ],
)
def test_what_is_no_labels(seen, labels):
    record = seen.pair(UNIT, labels)[1]
    assert (record.encoding, record.source, record.frame) == (None, None, None)


# --- noise


CLEAN = UNIT.reshape(-1, 784)


def template_noise(x, level):
    """The assignment's own function."""
    rng = np.random.default_rng(0)
    keep = rng.binomial(size=x.shape, n=1, p=1 - level)
    return x * keep + (keep == 0) * rng.binomial(size=x.shape, n=1, p=0.5)


def clipped_gaussian(x, level):
    return np.clip(x + level * np.random.default_rng(0).normal(size=x.shape), 0, 1)


def test_salt_and_pepper_is_told_with_its_level(seen):
    for level in (0.05, 0.2, 0.4, 0.8, 1.0):
        for function in (lambda x, n: season.salt_and_pepper(x, n, np.random.default_rng(1)), template_noise):
            record, target = seen.pair(function(CLEAN, level), CLEAN)
            assert record.noise.kind == "salt_and_pepper"
            assert record.noise.level == pytest.approx(level, abs=0.01)
            assert (record.source, record.rows.kind, target.source) == ("x_train", "all", "x_train")


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize(
    ("kind", "levels"), [("gaussian", (0.05, 0.1, 0.3, 0.5, 0.7)), ("uniform", (0.05, 0.1, 0.4, 0.8))]
)
def test_added_noise_is_told_with_its_level(seen, kind, levels, clip):
    for level in levels:
        add = getattr(season, f"{kind}_noise")
        record, _ = seen.pair(add(CLEAN, level, np.random.default_rng(1), clip=clip), CLEAN)
        assert (record.noise.kind, record.noise.clipped) == (kind, clip)
        assert record.noise.level == pytest.approx(level, rel=0.03)


def test_noise_on_few_images_in_another_shape_and_type(seen):
    clean = UNIT[20:60].reshape(-1, 28, 28, 1)
    noisy = template_noise(clean, 0.4).astype("float16")
    record, _ = seen.pair(noisy, clean)
    assert (record.noise.kind, record.rows.start, record.rows.stop) == ("salt_and_pepper", 20, 60)
    assert record.noise.level == pytest.approx(0.4, abs=0.03)
    assert seen.pair(clipped_gaussian(clean, 0.5).astype("float32"), clean)[0].noise.kind == "gaussian"


def test_no_noise_is_no_noise(seen):
    record, target = seen.pair(CLEAN, CLEAN.copy())
    assert (record.noise, record.source, target.source) == (None, "x_train", "x_train")


def blurred(x):
    square = x.reshape(-1, 28, 28)
    return ((square + np.roll(square, 1, 1) + np.roll(square, 1, 2)) / 3).reshape(x.shape)


@pytest.mark.parametrize(
    "noisy",
    [
        np.random.default_rng(0).random(CLEAN.shape),
        np.random.default_rng(0).normal(size=CLEAN.shape),
        blurred(CLEAN),
        CLEAN * (np.random.default_rng(0).random(CLEAN.shape) < 0.5),  # pepper alone
        np.random.default_rng(0).permutation(template_noise(CLEAN, 0.4)),  # of other images
        np.random.default_rng(0).permutation(clipped_gaussian(CLEAN, 0.2)),
        CLEAN + 0.2 * np.random.default_rng(0).random(CLEAN.shape) ** 2,  # from one side, and not evenly
        np.full(CLEAN.shape, 0.5),
        np.where(CLEAN > 0.5, np.nan, CLEAN),
    ],
    ids=[
        "random",
        "normal",
        "blurred",
        "pepper",
        "others",
        "gaussian",
        "half",
        "grey",
        "nan",
    ],
)
def test_what_is_no_noise_on_these_images(seen, noisy):
    record, target = seen.pair(noisy, CLEAN)
    assert (record.noise, record.source, record.rows) == (None, None, None)
    assert target.source == "x_train"


def test_noise_on_images_of_another_range_is_not_told(seen):
    raw = X.reshape(-1, 784).astype("float32")
    assert seen.pair(template_noise(raw, 0.4), raw)[0].noise is None
