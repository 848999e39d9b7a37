"""What the checks of this assignment are given besides `evidence` and `verdict`."""

import pytest

from harness.checking import network_of


@pytest.fixture
def mlp(evidence, assignment):
    """The network of tasks 2A to 2C."""
    return network_of(evidence, assignment, "2C")


@pytest.fixture
def sweep(evidence, assignment):
    """The networks of task 2D, in the order in which they were trained; at least one."""
    network_of(evidence, assignment, "2D")
    return evidence.networks("2D")


@pytest.fixture
def autoencoder(evidence, assignment):
    """The network of task 4A."""
    return network_of(evidence, assignment, "4A")


@pytest.fixture
def cnn(evidence, assignment):
    """The network of task 3A."""
    return network_of(evidence, assignment, "3A")
