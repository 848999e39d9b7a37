"""What the checks of this assignment are given besides `evidence` and `verdict`."""

import pytest

from harness.checking import network_of


@pytest.fixture
def autoencoder(evidence, assignment):
    """The network of tasks 2 to 4."""
    return network_of(evidence, assignment, "3")


@pytest.fixture
def on_codes(evidence, assignment):
    """The classifier of task 5, without the encoder where that stands under it in the same model."""
    return network_of(evidence, assignment, "5").head


@pytest.fixture
def on_pixels(evidence, assignment):
    """The classifier of task 6."""
    return network_of(evidence, assignment, "6")
