"""The three noises: their levels, their ranges, and what they leave alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.noise import gaussian_noise, salt_and_pepper, uniform_noise

NOISES = [salt_and_pepper, gaussian_noise, uniform_noise]
GREY = np.full((200, 28, 28), 0.5, dtype=np.float32)  # 156,800 pixels: a share is known to ± 0.005 at 4 sigmas


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("level", [0.05, 0.4, 0.9])
def test_salt_and_pepper_changes_its_share_half_to_each_side(level, rng):
    noisy = salt_and_pepper(GREY, level, rng)
    assert set(np.unique(noisy)) == {np.float32(0), np.float32(0.5), np.float32(1)}
    assert np.mean(noisy != 0.5) == pytest.approx(level, abs=0.005)
    assert np.mean(noisy == 0) == pytest.approx(level / 2, abs=0.005)
    assert np.mean(noisy == 1) == pytest.approx(level / 2, abs=0.005)


def test_salt_and_pepper_at_level_one_leaves_no_pixel(rng):
    assert set(np.unique(salt_and_pepper(GREY, 1.0, rng))) == {np.float32(0), np.float32(1)}


def test_salt_and_pepper_chooses_pixels_independently(rng):
    changed = salt_and_pepper(GREY, 0.4, rng) != 0.5
    both = np.mean(changed[:, :, 1:] & changed[:, :, :-1])
    assert both == pytest.approx(0.16, abs=0.005)


@pytest.mark.parametrize("level", [0.05, 0.1, 0.2])
def test_gaussian_noise_has_its_standard_deviation(level, rng):
    noise = gaussian_noise(GREY, level, rng, clip=False) - GREY
    assert noise.std() == pytest.approx(level, rel=0.01)
    assert noise.mean() == pytest.approx(0, abs=level * 0.01)
    assert np.mean(np.abs(noise) < level) == pytest.approx(0.6827, abs=0.005)


@pytest.mark.parametrize("level", [0.05, 0.1, 0.4])
def test_uniform_noise_fills_its_width(level, rng):
    noise = uniform_noise(GREY, level, rng, clip=False) - GREY
    assert np.abs(noise).max() <= level + 1e-6
    assert noise.std() == pytest.approx(level / np.sqrt(3), rel=0.01)
    assert np.mean(noise < 0) == pytest.approx(0.5, abs=0.006)


@pytest.mark.parametrize("level", [0.05, 0.4])
def test_uniform_noise_from_zero_only_makes_brighter(level, rng):
    noise = uniform_noise(GREY, level, rng, from_zero=True) - GREY
    assert noise.min() >= -1e-6
    assert noise.max() == pytest.approx(level, rel=0.001)
    assert noise.mean() == pytest.approx(level / 2, rel=0.01)


@pytest.mark.parametrize("noise", [gaussian_noise, uniform_noise])
def test_added_noise_is_clipped_unless_asked_not_to(noise, rng):
    edges = np.stack([np.zeros((28, 28)), np.ones((28, 28))])
    clipped = noise(edges, 0.5, rng)
    assert (clipped.min(), clipped.max()) == (0, 1)
    assert np.mean(clipped == edges) == pytest.approx(0.5, abs=0.1)
    free = noise(edges, 0.5, rng, clip=False)
    assert free.min() < 0
    assert free.max() > 1


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 784), (3, 28, 28, 1), (0, 784)])
def test_the_input_is_left_alone_and_its_form_kept(noise, dtype, shape, rng):
    images = rng.random(shape).astype(dtype)
    images.setflags(write=False)
    noisy = noise(images, 0.3, rng)
    assert (noisy.shape, noisy.dtype) == (shape, np.dtype(dtype))
    assert not np.shares_memory(noisy, images)
    assert images.size == 0 or (noisy != images).any()


@pytest.mark.parametrize("noise", NOISES)
def test_level_zero_is_the_identity_in_a_new_array(noise, rng):
    noisy = noise(GREY, 0.0, rng)
    assert np.array_equal(noisy, GREY)
    assert noisy is not GREY


def test_level_zero_is_the_identity_even_for_the_lowest_draw():
    class Lowest:
        def random(self, shape, dtype):
            return np.zeros(shape, dtype)

    assert np.array_equal(salt_and_pepper(GREY, 0.0, Lowest()), GREY)


@pytest.mark.parametrize("noise", NOISES)
def test_the_same_generator_state_gives_the_same_noise(noise):
    first, second, other = (noise(GREY[:2], 0.3, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("noise", NOISES)
@given(level=st.floats(0, 1), seed=st.integers(0, 2**32))
def test_noise_stays_in_range(noise, level, seed):
    images = np.linspace(0, 1, 784, dtype=np.float32).reshape(1, 784)
    noisy = noise(images, level, np.random.default_rng(seed))
    assert noisy.min() >= 0
    assert noisy.max() <= 1


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("level", [-0.1, float("nan"), float("inf")])
def test_wrong_levels_are_refused(noise, level, rng):
    with pytest.raises(ValueError, match=r"^level: "):
        noise(GREY, level, rng)


def test_salt_and_pepper_has_no_level_above_one(rng):
    with pytest.raises(ValueError, match=r"^level: "):
        salt_and_pepper(GREY, 1.01, rng)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize(
    "images",
    [np.zeros((2, 784), np.uint8), np.full((2, 784), 255.0), np.full((2, 784), -0.1), np.full((2, 784), np.nan)],
    ids=["uint8", "not divided", "negative", "nan"],
)
def test_wrong_images_are_refused(noise, images, rng):
    with pytest.raises(ValueError, match=r"^images: "):
        noise(images, 0.1, rng)
