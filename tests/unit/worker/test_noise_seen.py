"""Noise on images without their clean originals beside them: told from the context, or not at all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_images import ONE_HOT, TEST, TRAIN, UNIT, X_TEST, Y_TEST, Seen, X, Y
from sklearn.datasets import load_digits

from harness import datasets
from harness import noise as season
from harness.worker.noise_seen import Likeness, tell

CLEAN = UNIT.reshape(-1, 784)
CLEAN_TEST = (X_TEST / 255).astype("float32").reshape(-1, 784)


def seasoned(images, level, seed=0):
    return season.salt_and_pepper(images, level, np.random.default_rng(seed))


@pytest.fixture
def record():
    return Seen().recogniser.image_record


@pytest.mark.parametrize("level", [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
def test_levels_of_salt_and_pepper_are_told(record, level):
    seen = record(seasoned(CLEAN_TEST, level), ONE_HOT[Y_TEST])
    assert (seen.source, seen.rows.kind, seen.noise.kind) == ("x_test", "all", "salt_and_pepper")
    assert seen.noise.level == pytest.approx(level, abs=0.01)
    assert seen.scale == pytest.approx(1 / 255)


def test_a_level_of_nothing_is_the_clean_image(record):
    seen = record(seasoned(CLEAN_TEST, 0.0))
    assert (seen.source, seen.noise) == ("x_test", None)


@pytest.mark.parametrize(("kind", "levels"), [("gaussian", (0.05, 0.2, 0.5)), ("uniform", (0.05, 0.2, 0.5))])
def test_added_noise_is_told(record, kind, levels):
    for level in levels:
        add = getattr(season, f"{kind}_noise")
        seen = record(add(CLEAN_TEST, level, np.random.default_rng(1)).reshape(-1, 28, 28, 1))
        assert (seen.source, seen.noise.kind) == ("x_test", kind)
        assert seen.noise.level == pytest.approx(level, rel=0.04)


REAL = (load_digits().images[:200].repeat(4, 1).repeat(4, 2)[:, 2:-2, 2:-2] * (255 / 16)).astype(np.uint8)
ADDED = {
    "gaussian": lambda rng, level, shape: rng.normal(0, level, shape),
    "uniform": lambda rng, level, shape: rng.uniform(-level, level, shape),
    "uniform from zero": lambda rng, level, shape: rng.uniform(0, level, shape),
}


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([*ADDED, "salt_and_pepper"]),
    st.floats(0.05, 0.4),
    st.booleans(),
    st.sampled_from([10, 80, 200]),
    st.booleans(),
)
def test_kinds_of_noise_are_not_taken_for_each_other(seed, kind, level, clipped, count, drawn):
    """On handwritten digits and on made-up images: the kind is told right, or not at all on very few images."""
    rng = np.random.default_rng(seed)
    images = REAL if drawn else X[:200].reshape(-1, 28, 28)
    numbers = rng.permutation(len(images))[:count]
    clean = images[numbers].reshape(count, 784) / 255
    if kind == "salt_and_pepper":
        noisy = seasoned(clean, level, seed)
    else:
        noisy = clean + ADDED[kind](rng, level, clean.shape)
        noisy = np.clip(noisy, 0, 1) if clipped else noisy
    noise = tell(images.reshape(-1, 784), numbers, 1 / 255, noisy.astype("float32"), False)
    if noise is None:
        assert count == 10
        return
    assert (noise.kind, noise.from_zero) == (kind.split(" ")[0], "zero" in kind)
    assert noise.level == pytest.approx(level, rel=0.25 if count == 10 else 0.1)
    assert noise.clipped is (clipped or kind == "salt_and_pepper")


@pytest.mark.parametrize("level", [0.05, 0.1, 0.2, 0.3, 0.4])
@pytest.mark.parametrize("clipped", [True, False])
def test_noise_from_zero_is_uniform_of_its_own_way(record, level, clipped):
    noisy = season.uniform_noise(CLEAN_TEST, level, np.random.default_rng(1), clip=clipped, from_zero=True)
    seen = record(noisy)
    assert (seen.source, seen.rows.kind, seen.noise.kind, seen.noise.from_zero) == (
        "x_test",
        "all",
        "uniform",
        True,
    )
    assert (seen.noise.clipped, seen.noise.shared) == (clipped, False)
    assert seen.noise.level == pytest.approx(level, rel=0.03)


def test_ten_images_in_no_order_are_found(record):
    numbers = np.random.default_rng(3).choice(TEST, 10, replace=False)
    seen = record(season.uniform_noise(CLEAN_TEST[numbers], 0.3, np.random.default_rng(1)))
    assert (seen.source, seen.rows.kind, seen.rows.count, seen.noise.kind) == ("x_test", "listed", 10, "uniform")


def test_what_is_likest_to_nothing_is_no_noisy_image():
    """Of many images some resemble random numbers by chance."""
    likeness = Likeness(X.reshape(-1, 784))
    for seed in range(100):
        drawn = np.random.default_rng(seed).normal(size=(10, 784))
        numbers = likeness.slice_of(drawn)
        assert numbers is None or tell(X.reshape(-1, 784), numbers, 1 / 255, drawn, False) is None


def test_numbers_too_large_to_square_are_no_noise():
    large = np.full((10, 784), 1.3e154)
    large[:, 0] = 0
    assert tell(X.reshape(-1, 784), np.arange(10), 1 / 255, large, False) is None


@pytest.mark.mnist
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
@pytest.mark.parametrize("kind", ADDED)
def test_ten_images_are_enough(name, kind):
    """What an assignment shows. Of 60 tens one at most may go untold, and none may be told wrong."""
    images = datasets.load(name).x_test.reshape(-1, 784)
    rng = np.random.default_rng(7)
    told = []
    for number in range(60):
        numbers = np.arange(10 * number, 10 * number + 10)
        level = rng.choice([0.05, 0.1, 0.2, 0.3, 0.4])
        noisy = images[numbers] / 255 + ADDED[kind](rng, level, (10, 784))
        noisy = noisy if number % 2 else np.clip(noisy, 0, 1)
        noise = tell(images, numbers, 1 / 255, noisy.astype("float32"), False)
        if noise is not None:
            told.append((noise.kind, noise.from_zero, abs(noise.level - level) < 0.2 * level))
    assert set(told) == {(kind.split(" ")[0], "zero" in kind, True)}
    assert len(told) >= 59


@pytest.mark.parametrize("kind", ["salt_and_pepper", *ADDED])
@pytest.mark.parametrize("level", [0.1, 0.4])
@pytest.mark.parametrize("count", [10, 1000])
def test_noise_of_each_image_is_told_from_one_for_all(record, kind, level, count):
    def noisy(rows):
        rng = np.random.default_rng(1)
        if kind == "salt_and_pepper":
            drawn = rng.random((rows, 784))
            return np.where(drawn < level, drawn < level / 2, CLEAN_TEST[:count]).astype("float32")
        return np.clip(CLEAN_TEST[:count] + ADDED[kind](rng, level, (rows, 784)), 0, 1).astype("float32")

    count = min(count, len(CLEAN_TEST))
    own, same = record(noisy(count)).noise, record(noisy(1)).noise
    told = (kind.split(" ")[0], "zero" in kind)
    assert (own.kind, own.from_zero, own.shared) == (*told, False)
    assert (same.kind, same.from_zero, same.shared) == (*told, True)


@pytest.mark.parametrize(
    ("clean", "source", "rows"),
    [
        (CLEAN_TEST[:10], "x_test", range(10)),
        (CLEAN[:TRAIN], "x_train", range(TRAIN)),
        (CLEAN[:20], "x_train", range(20)),
        (CLEAN_TEST[30:60], "x_test", range(30, 60)),
        (CLEAN[5:205:4], "x_train", range(5, 205, 4)),
        (CLEAN_TEST[50:51], None, None),
        (np.random.default_rng(0).permutation(CLEAN), None, None),
        (CLEAN[::-1], None, None),
        (CLEAN_TEST[:, ::-1], None, None),
    ],
)
def test_rows_under_noise_are_found(record, clean, source, rows):
    seen = record(seasoned(clean, 0.3))
    assert seen.source == source
    if rows is not None:
        told = (
            range(len(clean)) if seen.rows.kind == "all" else range(seen.rows.start, seen.rows.stop, seen.rows.step)
        )
        assert list(told) == list(rows)
        assert seen.noise.level == pytest.approx(0.3, abs=0.03)


def test_labels_beside_them_say_which_images_they_are(record):
    everything = seasoned(CLEAN[100:150], 1.0)
    assert record(everything).source is None
    seen = record(everything, Y[100:150])
    assert (seen.rows.start, seen.rows.stop, seen.noise.level) == (100, 150, 1.0)
    assert record(seasoned(CLEAN[100:150], 1.0, seed=1), np.roll(Y[100:150], 1)).source is None


def test_images_of_which_nothing_is_left_are_those_seen_before(record):
    """A loop over noise levels ends with 1."""
    assert record(seasoned(CLEAN[40:60], 1.0)).source is None
    assert record(seasoned(CLEAN[40:60], 0.8)).rows.start == 40
    seen = record(seasoned(CLEAN[40:60], 1.0, seed=1))
    assert (seen.rows.start, seen.noise.level) == (40, 1.0)
    assert record(seasoned(CLEAN[40:59], 1.0)).source is None


def test_a_classifier_fitted_on_noisy_images(record):
    seen = Seen()
    x, y = seen.pair(seasoned(CLEAN, 0.4), ONE_HOT[Y])
    assert (x.source, x.noise.kind, x.content) == ("x_train", "salt_and_pepper", None)
    assert (y.source, y.labels_match) == ("y_train", 1)


def test_a_search_is_not_made_for_ever(record, monkeypatch):
    import harness.worker.arrays as arrays

    monkeypatch.setattr(arrays, "_SEARCHES", 2)
    found = [record(seasoned(CLEAN[9 + n : 59 + n], 0.3)).source for n in range(4)]
    assert found == ["x_train", "x_train", None, None]


@settings(max_examples=40)
@given(
    st.integers(0, 2**32),
    st.sampled_from(
        [
            "random",
            "normal",
            "half black",
            "blurred",
            "threshold of its own",
            "pepper",
            "absolute",
            "mixed in",
            "replaced",
        ]
    ),
    st.sampled_from([TEST, TRAIN, 50]),
)
def test_what_is_no_noise_on_known_images(seed, kind, count):
    rng = np.random.default_rng(seed)
    clean = (CLEAN_TEST if count <= TEST else CLEAN)[:count]
    array = {
        "random": lambda: rng.random(clean.shape),
        "normal": lambda: rng.normal(size=clean.shape),
        "half black": lambda: np.where(np.arange(784) < 392, 0, clean),
        "blurred": lambda: (clean + np.roll(clean, 1, 1) + np.roll(clean, 28, 1)) / 3,
        "threshold of its own": lambda: (clean > rng.uniform(0.1, 0.9, (count, 1))).astype(float),
        "pepper": lambda: clean * (rng.random(clean.shape) < 0.5),
        "absolute": lambda: clean + 0.2 * np.abs(rng.normal(size=clean.shape)),
        "mixed in": lambda: 0.7 * clean + 0.3 * rng.random(clean.shape),
        "replaced": lambda: np.where(rng.random(clean.shape) < 0.4, rng.random(clean.shape), clean),
    }[kind]()
    assert Seen().recogniser.image_record(array).source is None


def test_noisy_inputs_that_are_the_targets_too():
    """As a noise function that works in place makes them."""
    noisy = seasoned(CLEAN[:TRAIN], 0.4)
    x, y = Seen().recogniser.pair(noisy, noisy.copy())
    assert x == y
    assert (y.source, y.encoding, y.noise.kind) == ("x_train", "pixels", "salt_and_pepper")
