"""How near drawn images come to the data set's: to those that are trained on, and to those that are held out."""

from types import SimpleNamespace

import numpy as np
import pytest
from evidence import digits

from harness.measure.autoencoders import Chosen, generation_of
from harness.measure.generation import nearest
from harness.measure.specs import GenerationSpec


def test_the_nearest_of_several_arrays_counts():
    images = np.array([[0.0, 0.0], [1.0, 1.0]], dtype=np.float32)
    far = np.full((3, 2), 0.5, dtype=np.float32)
    assert nearest(images, far) == pytest.approx((0.5, 0.5, 0.5))
    assert nearest(images, far, images) == nearest(images, images, far) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("part", ["x_train", "x_test"])
def test_copies_of_training_and_of_evaluation_images_lie_at_no_distance(part):
    dataset = digits()
    own = getattr(dataset, part)[:20].reshape(20, -1).astype(np.float32) / 255
    weighted = SimpleNamespace(recipe=SimpleNamespace(sha256="0"), weights=[])
    drawing = SimpleNamespace(
        autoencoder=Chosen("4A", SimpleNamespace(), weighted),
        classifier=Chosen("3A", SimpleNamespace(), weighted),
        decoder=SimpleNamespace(name="decoder"),
        cut=2,
        own=own,
        latent=96,
    )
    grader = SimpleNamespace(
        dataset=dataset,
        trainer=SimpleNamespace(classify=lambda _classifier, images: np.full((len(images), 10), 0.1)),
        measured=SimpleNamespace(of=lambda _what, _by, _type, make: (make(), False)),
    )
    spec = GenerationSpec(autoencoder="4A", classifiers=("3A",))
    made = generation_of(grader, spec, drawing)
    assert made.nearest[1] < 1e-3
    assert made.nearest_held_out[1] > 0.05  # to training images: no evaluation image is its own nearest
