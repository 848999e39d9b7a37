"""Maps of images that do not show every grey level are told too."""

import numpy as np
import pytest
from known_images import X

from harness.worker.images import KnownImages

FLAT = X.reshape(-1, 784)
IMAGES = {
    "all levels": FLAT,
    "no white": FLAT // 2,
    "no black": FLAT // 2 + 40,
    "neither, and few": (FLAT // 60) * 40 + 40,
    "black, white and one grey": np.where(FLAT == 0, 0, np.where(FLAT == 255, 255, 100)),
    "bright": np.maximum(FLAT, 200),
}
MAPS = {
    "raw": (1, 0),
    "/255": (1 / 255, 0),
    "/256": (1 / 256, 0),
    "to [-1, 1]": (2 / 255, -1),
    "to [-0.5, 0.5]": (1 / 255, -0.5),
    "inverted": (-1 / 255, 1),
    "inverted to [-1, 1]": (-2 / 255, 1),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("kind", IMAGES)
def test_usual_maps_are_told_whatever_levels_there_are(kind, name, dtype):
    images, (scale, offset) = IMAGES[kind].astype(np.uint8), MAPS[name]
    values = (images * scale + offset).astype(dtype)
    found = KnownImages(images).match(values, float(values.min()), float(values.max()))
    assert (found.scale, found.offset, found.threshold) == (pytest.approx(scale), pytest.approx(offset), None)
    assert found.numbers.tolist() == list(range(len(images)))


@pytest.mark.parametrize(("scale", "offset"), [(0.0127, -0.424), (-0.0127, 2.6), (3.7, 1000.0), (-40.0, 1e4)])
@pytest.mark.parametrize("kind", ["all levels", "no white", "black, white and one grey"])
def test_any_map_is_told_where_black_is_shown(kind, scale, offset):
    images = IMAGES[kind].astype(np.uint8)
    for values in (images * scale + offset, (images * scale + offset).astype("float32")):
        found = KnownImages(images).match(values, float(values.min()), float(values.max()))
        assert (found.scale, found.offset) == (pytest.approx(scale, rel=1e-4), pytest.approx(offset, rel=1e-4))
        assert np.abs(images * found.scale + found.offset - values).max() < 0.02 * abs(scale)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("level", [0, 1, 30, 126, 127, 128, 200, 254])
def test_every_threshold_is_found(level, inverted):
    white = np.greater(FLAT, level)
    found = KnownImages(FLAT).match((~white if inverted else white).astype("float32"), 0.0, 1.0)
    value = FLAT * found.scale + found.offset
    assert np.array_equal(value > found.threshold, ~white if inverted else white)
    assert found.numbers.tolist() == list(range(len(FLAT)))
