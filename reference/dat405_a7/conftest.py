"""What the checks of this assignment are given besides `evidence` and `verdict`."""

import pytest

from harness.checking import require_network


def _network(evidence, assignment, task):
    rule = next(rule for rule in assignment.rules() if rule.task == task)
    return require_network(evidence, task, rule.wanted, rule.words)


@pytest.fixture
def mlp(evidence, assignment):
    """The network of tasks 2A to 2C."""
    return _network(evidence, assignment, "2C")


@pytest.fixture
def sweep(evidence, assignment):
    """The networks of task 2D, in the order in which they were trained; at least one."""
    _network(evidence, assignment, "2D")
    return evidence.networks("2D")


@pytest.fixture
def autoencoder(evidence, assignment):
    """The network of task 4A."""
    return _network(evidence, assignment, "4A")


@pytest.fixture
def cnn(evidence, assignment):
    """The network of task 3A."""
    return _network(evidence, assignment, "3A")
