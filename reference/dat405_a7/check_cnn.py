"""Checks of task 3A: a network with a convolutional layer."""

import pytest

from harness.checking import Failed
from harness.evidence import CONVOLUTIONS
from harness.verdicts import judge_accuracy

TWO_DIMENSIONAL = tuple(name for name in CONVOLUTIONS if name.endswith("Conv2D"))  # no transposed one


@pytest.mark.check("3A", 0.2)
def check_convolution(cnn, verdict):
    """The network has at least one convolutional layer between its input and its output."""
    verdict.where = cnn.where
    layers = cnn.of_class(*TWO_DIMENSIONAL)
    if not layers:
        raise Failed(
            "None of its layers is a two-dimensional convolution.",
            "Add layers.Conv2D(…) after the input.",
            where=cnn.where,
        )
    others = sorted({layer.class_name for layer in cnn.layers} - {layer.class_name for layer in layers})
    verdict.measured("convolutional layers", len(layers))
    verdict.says(f"{len(layers)} convolutional; besides: {', '.join(others)}.")


@pytest.mark.check("3A", 0.5)
def check_accuracy(cnn, evidence, verdict):
    """It is as accurate as is asked (99 % on MNIST); below that, the nearer the better."""
    judge_accuracy(cnn, evidence.gates.get("3A.accuracy"), verdict, evidence.profile)
