"""Noise that a network adds to its own inputs, by layers before its first one with weights: Keras trains with it,
and no noisy array is ever seen."""

from __future__ import annotations

import math
from typing import Any

from harness import allowlist
from harness.recording import FitRecord, LayerRecord, Noise

_MASKS = ("Dropout", "SpatialDropout2D", "GaussianDropout", "AlphaDropout")


def added_by(fit: FitRecord) -> Noise | None:
    """The normal noise that a network puts on its images as it is trained, which is not clipped; None where it puts
    none. Several layers of it count together."""
    x = fit.data.x
    unit = 255 * abs(x.scale) if x is not None and x.source is not None else 1.0
    variance = 0.0
    for layer in _first(fit):
        if layer.class_name == "Rescaling":
            unit *= abs(_number(layer, "scale"))
        elif layer.class_name == "GaussianNoise" and unit > 0:
            variance += (_number(layer, "stddev") / unit) ** 2
    level = math.sqrt(variance) if math.isfinite(variance) else 0.0
    return Noise(kind="gaussian", level=level, clipped=False) if level > 0 else None


def masking(fit: FitRecord) -> str | None:
    """The class of a layer that leaves out or weakens some values of the images as it is trained; None without."""
    return next((layer.class_name for layer in _first(fit) if layer.class_name in _MASKS), None)


def _first(fit: FitRecord) -> list[LayerRecord]:
    """The layers that every image passes, one after the other, before the first one with weights; none where the
    images go another way too."""
    passed: list[LayerRecord] = []
    for number, node in enumerate(fit.nodes):
        if node.layer >= len(fit.layers) or [ref.node for ref in node.inputs] != ([number - 1] if number else []):
            return []
        if fit.layers[node.layer].params:
            break
        passed.append(fit.layers[node.layer])
    return passed


def _number(layer: LayerRecord, name: str) -> float:
    value: Any = layer.config.get(name)
    return float(value) if allowlist.is_number(value) and abs(value) < 1e6 else 0.0
