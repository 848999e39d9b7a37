"""The arrays of the dry run identify their rows, and the rows of a recording come back to real images."""

import re

import numpy as np
import pytest

from harness import datasets
from harness.datasets import ARRAYS, Dataset
from harness.recorded_rows import for_recording, select, write_recording_npz
from harness.recording import Rows


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


@pytest.fixture(scope="module")
def official():
    """Arrays of the official shapes and no meaning."""
    arrays = {key: np.zeros(shape, np.uint8) for key, shape in datasets._SHAPES.items()}
    return Dataset("mnist", **arrays, sha256="", official=True)


def test_recording_arrays_have_the_official_shapes(digits):
    made = for_recording(digits)
    assert {key: array.shape for key, array in made.items()} == datasets._SHAPES
    assert all(array.dtype == np.uint8 for array in made.values())


@pytest.mark.parametrize(("part", "n", "last"), [("train", 1437, 41), ("test", 360, 27)])
def test_recording_rows_repeat_the_digits_and_carry_their_number(digits, part, n, last):
    made = for_recording(digits)
    images, labels = made[f"x_{part}"], made[f"y_{part}"]
    for i in (0, 1, n - 1, n, 2 * n + 5, len(images) - 1):
        expected = getattr(digits, f"x_{part}")[i % n].copy()
        expected[0, 0] = i // n
        assert np.array_equal(images[i], expected)
        assert labels[i] == getattr(digits, f"y_{part}")[i % n]
    assert images[:, 0, 0].max() == last


def test_every_recording_row_identifies_itself(digits):
    made = for_recording(digits)
    rows = [made[key].reshape(-1, 784) for key in ("x_train", "x_test")]
    assert len({row.tobytes() for part in rows for row in part}) == 70_000


def test_recording_does_not_change_the_digits(digits):
    for_recording(digits)["x_train"][0] = 9
    assert (
        datasets.load("digits").sha256
        == datasets._dataset("digits", {key: getattr(digits, key) for key in ARRAYS}, official=False).sha256
    )


def test_official_data_are_recorded_as_they_are(official):
    made = for_recording(official)
    assert all(made[key] is getattr(official, key) for key in ARRAYS)


def test_recording_refuses_too_few_images(digits):
    few = {key: getattr(digits, key)[:200].copy() for key in ARRAYS}
    with pytest.raises(ValueError, match="200 images for train"):
        for_recording(datasets._dataset("digits", few, official=False))


def test_recording_npz_is_what_numpy_reads_back(digits, tmp_path):
    path = tmp_path / "data"  # no suffix: the path is taken as it is
    write_recording_npz(digits, path)
    with np.load(path, allow_pickle=False) as file:
        assert set(file) == set(ARRAYS)
        assert all(np.array_equal(file[key], array) for key, array in for_recording(digits).items())


# --- back from positions to images ---


def rows(kind, count, **more):
    return Rows(kind=kind, count=count, **more)


def test_all_rows_are_every_image_once(digits, official):
    assert np.array_equal(select(digits, "train", rows("all", 60_000), None), np.arange(1437))
    assert np.array_equal(select(digits, "test", rows("all", 10_000), None), np.arange(360))
    assert np.array_equal(select(official, "test", rows("all", 10_000), None), np.arange(10_000))


def test_slices_keep_their_share_and_do_not_overlap(digits):
    first = select(digits, "train", rows("slice", 50_000, start=0, stop=50_000), None)
    rest = select(digits, "train", rows("slice", 10_000, start=50_000, stop=60_000), None)
    assert first.tolist() == list(range(1197))  # 50000 * 1437 // 60000
    assert rest.tolist() == list(range(1197, 1437))
    assert first.dtype == np.int64


def test_interleaved_slices_do_not_overlap_either(digits):
    even = select(digits, "train", rows("slice", 30_000, start=0, stop=60_000, step=2), None)
    odd = select(digits, "train", rows("slice", 30_000, start=1, stop=60_000, step=2), None)
    assert even.tolist() == list(range(0, 1437, 2))
    assert odd.tolist() == list(range(1, 1437, 2))


@pytest.mark.parametrize(
    ("start", "stop", "step", "count"), [(0, 10, 1, 10), (59_999, 60_000, 1, 1), (3_000, 60_000, 6_000, 10)]
)
def test_a_small_slice_is_one_image_at_least(digits, start, stop, step, count):
    chosen = select(digits, "train", rows("slice", count, start=start, stop=stop, step=step), None)
    assert chosen.tolist() == [start * 1437 // 60_000]


def test_official_slices_are_the_identity(official):
    chosen = select(official, "train", rows("slice", 4, start=7, stop=17, step=3), None)
    assert chosen.tolist() == [7, 10, 13, 16]


def test_listed_positions_are_the_images_shown_there_each_once(digits):
    listed = np.array([1440, 3, 0, 1437, 59_999, 5], np.int32)
    chosen = select(digits, "train", rows("listed", 6), listed)
    assert chosen.tolist() == [3, 0, 59_999 % 1437, 5]
    assert chosen.dtype == np.int64


def test_listed_official_positions_keep_their_repetitions(official):
    chosen = select(official, "test", rows("listed", 4), np.array([9_999, 0, 0, 3], np.int32))
    assert chosen.tolist() == [9_999, 0, 0, 3]


def test_listed_positions_agree_with_the_recording_arrays(digits):
    made = for_recording(digits)
    for position in (0, 1437, 31_415, 59_999):
        (image,) = select(digits, "train", rows("listed", 1), np.array([position]))
        assert np.array_equal(made["x_train"][position, 1:], digits.x_train[image, 1:])


@pytest.mark.parametrize(
    ("part", "chosen", "listed", "message"),
    [
        ("valid", rows("all", 60_000), None, "part: 'valid'"),
        ("train", rows("all", 10_000), None, "rows: the count is 10,000"),
        ("test", rows("slice", 60_000, start=0, stop=60_000), None, "rows: 0:60000"),
        ("train", rows("slice", 0, start=5, stop=5), None, "rows: 5:5"),
        ("train", rows("slice", 5, start=10, stop=5), None, "rows: 10:5"),
        ("train", rows("slice", 9, start=0, stop=10), None, "rows: the count is 9"),
        ("train", rows("slice", 10, start=0, stop=10, step=2), None, "rows: the count is 10"),
        ("train", rows("listed", 2), None, "listed: positions go with"),
        ("train", rows("all", 60_000), np.arange(2), "listed: positions go with"),
        ("train", rows("listed", 3), np.arange(2), "listed: 2 positions"),
        ("train", rows("listed", 0), np.arange(0), "listed: 0 positions"),
        ("train", rows("listed", 1), np.array([60_000]), "listed: positions from 60000"),
        ("test", rows("listed", 1), np.array([10_000]), "listed: positions from 10000"),
        ("train", rows("listed", 2), np.array([3, -1]), "listed: positions from -1"),
        ("train", rows("listed", 2), np.array([0.0, 1.0]), "listed: positions are whole"),
        ("train", rows("listed", 2), np.array([True, False]), "listed: positions are whole"),
        ("train", rows("listed", 2), np.array([[0, 1]]), "listed: positions are whole"),
        ("train", rows("listed", 1), np.array([2**63], np.uint64), "listed: positions from 9223372036854775808"),
    ],
)
def test_contradictions_and_bounds_are_refused(digits, official, part, chosen, listed, message):
    for dataset in (digits, official):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
            select(dataset, part, chosen, listed)
