"""Noise that a network adds to its own inputs is told from its layers."""

import pytest
from evidence import chain, data, dense, fit, image_input, images, layer

from harness.noise_layers import added_by, masking

WEIGHTS = dense(9).model_copy(update={"params": 9})
NORMAL = layer("GaussianNoise", {"stddev": 0.1, "seed": None})
DROPOUT = layer("Dropout", {"rate": 0.2})


def noise(*layers, **changes):
    """The fit of a network that begins with these layers."""
    return fit(image_input(784), *layers, **changes)


@pytest.mark.parametrize(
    ("layers", "scale", "level"),
    [
        ((NORMAL, WEIGHTS), 1 / 255, 0.1),
        ((layer("Reshape"), NORMAL, DROPOUT, WEIGHTS), 1 / 255, 0.1),
        ((NORMAL, NORMAL, WEIGHTS), 1 / 255, 0.1414),
        ((layer("Rescaling", {"scale": 1 / 255}), NORMAL, WEIGHTS), 1.0, 0.1),
        ((layer("GaussianNoise", {"stddev": 25.5}), WEIGHTS), 1.0, 0.1),
        ((NORMAL, WEIGHTS), 1.0, None),  # on images up to 255
        ((layer("GaussianNoise", {"stddev": 1e-12}), WEIGHTS), 1 / 255, None),
        ((WEIGHTS, NORMAL, WEIGHTS), 1 / 255, None),
        ((WEIGHTS,), 1 / 255, None),
        ((layer("GaussianNoise", {"stddev": "much"}), WEIGHTS), 1 / 255, None),
        ((layer("GaussianNoise", {"stddev": True}), WEIGHTS), 1 / 255, None),
        ((layer("GaussianNoise", {"stddev": 1e300}), WEIGHTS), 1 / 255, None),
        ((layer("GaussianNoise"), WEIGHTS), 1 / 255, None),
        ((layer("Rescaling", {"scale": 0}), NORMAL, WEIGHTS), 1.0, None),
    ],
)
def test_levels_are_told_in_units_of_the_image(layers, scale, level):
    found = added_by(noise(*layers, data=data(x=images(scale=scale))))
    assert found is None if level is None else (found.kind, found.clipped) == ("gaussian", False)
    assert found is None or found.level == pytest.approx(level, rel=0.001)


def test_only_what_every_image_passes_counts():
    """A noisy branch beside a clean one is no noise on the input."""
    graph = chain(image_input(784), NORMAL, layer("Add"), WEIGHTS)
    assert added_by(fit(**graph)) is not None
    nodes = list(graph["nodes"])
    nodes[2] = nodes[2].model_copy(update={"inputs": (*nodes[1].inputs, *nodes[2].inputs)})
    assert added_by(fit(**graph | {"nodes": tuple(nodes)})) is None


@pytest.mark.parametrize(
    ("name", "given", "level"),
    [
        ("TrueDivide", {"args": ["tensor", 255.0]}, 0.1),
        ("Multiply", {"args": ["tensor"], "kwargs": {"y": 1 / 255}}, 0.1),
        ("Add", {"args": ["tensor", 1.0]}, None),
        ("TrueDivide", {"args": ["tensor", 0.0]}, None),
        ("TrueDivide", {}, None),
    ],
)
def test_images_that_the_network_rescales_by_arithmetic(name, given, level):
    graph = chain(image_input(784), layer(f"ops.{name}"), NORMAL, WEIGHTS)
    nodes = list(graph["nodes"])
    nodes[1] = nodes[1].model_copy(update={"arguments": given})
    found = added_by(fit(**graph | {"nodes": tuple(nodes), "data": data(x=images(scale=1.0))}))
    assert found is None if level is None else found.level == pytest.approx(level, rel=0.001)


def test_masks_before_the_first_weights_are_told():
    assert masking(noise(layer("Dropout", {"rate": 0.0}), WEIGHTS)) is None
    assert masking(noise(DROPOUT, WEIGHTS)) == "Dropout"
    assert masking(noise(WEIGHTS, DROPOUT)) is None
