"""Noise that a network adds to its own inputs, by layers before its first one with weights: Keras trains with it,
and no noisy array is ever seen."""

from __future__ import annotations

import math
from typing import Any

from harness import allowlist
from harness.recording import FitRecord, LayerRecord, NodeRecord, Noise

_MASKS = ("Dropout", "SpatialDropout2D", "GaussianDropout", "AlphaDropout")
_FAINT = 0.01  # in units of the image, or a share of its values: with less, a network learns to copy


def added_by(fit: FitRecord) -> Noise | None:
    """The normal noise that a network puts on its images as it is trained, which is not clipped; None where it puts
    none. Several layers of it count together."""
    x = fit.data.x
    unit = 255 * abs(x.scale) if x is not None and x.source is not None else 1.0
    variance = 0.0
    for layer, node in _first(fit):
        if layer.class_name == "Rescaling":
            unit *= abs(_number(layer.config.get("scale")))
        elif layer.class_name in ("ops.Multiply", "ops.TrueDivide", "ops.Divide"):
            by = abs(_constant(node))
            unit = unit * by if layer.class_name == "ops.Multiply" else unit / by if by else 0.0
        elif layer.class_name == "GaussianNoise" and unit > 0:
            variance += (_number(layer.config.get("stddev")) / unit) ** 2
    level = math.sqrt(variance) if math.isfinite(variance) else 0.0
    return Noise(kind="gaussian", level=level, clipped=False) if level >= _FAINT else None


def masking(fit: FitRecord) -> str | None:
    """The class of a layer that leaves out or weakens some values of the images as it is trained; None without."""
    masks = (layer for layer, _ in _first(fit) if layer.class_name in _MASKS)
    return next((mask.class_name for mask in masks if _number(mask.config.get("rate")) >= _FAINT), None)


def _first(fit: FitRecord) -> list[tuple[LayerRecord, NodeRecord]]:
    """The layers that every image passes, one after the other, before the first one with weights, and their calls;
    none where the images go another way too."""
    passed: list[tuple[LayerRecord, NodeRecord]] = []
    for number, node in enumerate(fit.nodes):
        if node.layer >= len(fit.layers) or [ref.node for ref in node.inputs] != ([number - 1] if number else []):
            return []
        if fit.layers[node.layer].params:
            break
        passed.append((fit.layers[node.layer], node))
    return passed


def _constant(node: NodeRecord) -> float:
    """The number that an operation, such as `x / 255.`, is called with."""
    positional, named = node.arguments.get("args"), node.arguments.get("kwargs")
    values = [
        *(positional if isinstance(positional, list) else ()),
        *(named.values() if isinstance(named, dict) else ()),
    ]
    return next((number for value in values if (number := _number(value))), 0.0)


def _number(value: Any) -> float:
    return float(value) if allowlist.is_number(value) and abs(value) < 1e6 else 0.0
