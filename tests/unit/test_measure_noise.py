"""The noise probe's arrays come from the sandbox: whatever they hold, there are facts or a problem."""

import numpy as np
import pytest

from harness.measure.noise import noise_facts
from harness.recording import NoiseProbe


def facts(answer, after=None, shape=None, level=0.4):
    after = np.full(answer.shape, 0.5) if after is None else after
    probe = NoiseProbe(
        function="salt_and_pepper", level=level, shape=shape or answer.shape, answer="a", input_after="b"
    )
    return noise_facts((probe,), {"a": answer, "b": after})


def test_no_probe_no_facts():
    assert noise_facts((), {}) is None


def test_shares_are_counted():
    answer = np.full((10, 10), 0.5)
    answer[:3], answer[3:4] = 1.0, 0.0
    made = facts(answer)
    assert (made.levels, made.changed, made.extreme, made.white) == ((0.4,), (0.4,), (1.0,), (0.75,))
    assert (made.pixels, made.input_kept, made.problem) == (100, True, None)


def test_grey_pixels_and_a_changed_input_are_seen():
    answer = np.full((10, 10), 0.5)
    answer[:4] = 0.25
    made = facts(answer, after=answer)
    assert (made.changed, made.extreme, made.input_kept) == ((0.4,), (0.0,), False)


@pytest.mark.parametrize(
    ("answer", "shape", "said"),
    [
        (np.full((2, 2), "a"), None, "its answer holds str"),
        (np.full((2, 2), 1j), None, "its answer holds complex128 and not numbers"),
        (np.zeros((0, 2)), None, "its answer did not cross"),
        (np.zeros((2, 2)), (3, 2), "its answer did not cross"),
    ],
)
def test_what_is_no_image_is_a_problem(answer, shape, said):
    made = facts(answer, shape=shape)
    assert made.problem.startswith(said)
    assert made.changed == ()


def test_values_that_are_no_numbers_are_changed_pixels():
    assert facts(np.full((2, 2), np.nan)).changed == (1.0,)


@pytest.mark.parametrize(
    ("shape", "images"),
    [((64, 784), 64), ((64, 28, 28), 64), ((64, 28, 28, 1), 64), ((28, 28), 1), ((784,), 1), ((4, 3), 1)],
)
def test_images_with_the_same_changed_pixels_have_one_mask(shape, images):
    answer = np.full(shape, 0.5, dtype=np.float32)
    answer[..., ::2] = 1.0
    if len(shape) > 3:
        answer[:, ::3] = 0.0
    same = facts(answer)
    assert (same.images, same.masks) == (images, (1,))
    answer[0] = 0.5
    if images > 1:
        assert facts(answer).masks == (2,)


def test_images_with_noise_of_their_own_have_as_many_masks():
    hit = np.random.default_rng(0).random((64, 784)) < 0.4
    assert facts(np.where(hit, 1.0, 0.5)).masks == (64,)
