"""Frameworks other than Keras that a hand-in's networks are written in: they are told, and not measured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.recording import Recording, Where

MAX_CHARACTERS = 500_000  # of one hand-in
_IMPORT = re.compile(r"(?m)^[ \t]*(?:import|from)[ \t]+([A-Za-z_]\w*)")
_NETWORKS: Mapping[str, tuple[frozenset[str], str]] = {
    "PyTorch": (frozenset({"torch", "pytorch_lightning", "fastai"}), r"\bnn\b|\boptim\b|\.backward\("),
    "JAX": (frozenset({"jax", "flax", "haiku", "equinox"}), r"\bgrad\(|value_and_grad|\bnn\b|\bhk\.|\beqx\."),
    "MXNet": (frozenset({"mxnet"}), r"\bgluon\b|\bmod\b|\bsym\b|\bnd\b"),
    "PaddlePaddle": (frozenset({"paddle"}), r"\bnn\b|\bhapi\b|\.backward\("),
    "scikit-learn's MLPClassifier": (frozenset({"sklearn"}), r"\bMLP(?:Classifier|Regressor)\("),
}
"""By name: what is imported, and what beside the import shows that networks are made with it."""
_KNOWN = frozenset[str]().union(*(modules for modules, _ in _NETWORKS.values()))


@dataclass(frozen=True)
class Used:
    """A framework, and the place of its import."""

    name: str
    where: Where


def frameworks(recording: Recording) -> tuple[Used, ...]:
    """The frameworks in which a hand-in makes networks, besides Keras, in the order of the table above.

    An import alone is none. Told from the source, so that cells that could not run count.
    """
    places: dict[str, Where] = {}
    texts: list[str] = []
    left = MAX_CHARACTERS
    for source in recording.sources:
        text = source.text[:left]
        left -= len(text)
        texts.append(text)
        for found in _IMPORT.finditer(text):
            if found[1] not in _KNOWN or found[1] in places:
                continue
            line = text.count("\n", 0, found.start(1)) + 1
            places[found[1]] = source.where.model_copy(update={"line": line})
    used = []
    for name, (modules, network) in _NETWORKS.items():
        place = next((where for module, where in places.items() if module in modules), None)
        if place is not None and any(re.search(network, text) for text in texts):
            used.append(Used(name, place))
    return tuple(used)
