"""What a saved model was compiled with, from Keras 3's `compile_config` or Keras 2's `training_config`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.recording import Component
from harness.worker.cells import clean
from harness.worker.saved_config import modern

_LEFT_OUT = ("name", "dtype", "jit_compile", "is_legacy_optimizer", "ema_overwrite_frequency", "fn")


def compiled_with(config: Any) -> dict[str, Any]:
    """The fields `loss`, `optimizer` and `metrics` of a SavedModelRecord, as far as the file tells them."""
    if not isinstance(config, dict):
        return {}
    optimizer = config.get("optimizer", config.get("optimizer_config"))
    metrics = list(dict.fromkeys(_metric_names(config.get("metrics"))))
    return {
        "optimizer": _component(optimizer),
        "loss": _component(config.get("loss")),
        "metrics": tuple(metrics[:32]),
    }


def _component(value: Any) -> Component | None:
    if isinstance(value, (dict, list)) and len(value) == 1 and "class_name" not in value:
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    if isinstance(value, str):
        return Component(class_name=clean(value)[:300])
    if not isinstance(value, dict) or not isinstance(value.get("class_name"), str):
        return None if value is None or value == [] else Component(class_name="several")
    made = modern(value)
    if isinstance(made, str):
        return Component(class_name=made)
    name = made["class_name"].removeprefix("custom:Custom>")  # Keras 2.11 to 2.15 wrote its own optimizers so
    config = {str(key)[:300]: item for key, item in made["config"].items() if key not in _LEFT_OUT}
    if "lr" in config:
        config.setdefault("learning_rate", config.pop("lr"))
    for key, harmless in (("decay", 0), ("reduction", "auto"), ("weight_decay", 0)):
        if config.get(key) == harmless:
            del config[key]
    return Component(class_name=name, config=dict(list(config.items())[:64]))


def _metric_names(value: Any, depth: int = 0) -> Iterator[str]:
    if depth > 6:
        return
    if isinstance(value, str):
        yield clean(value)[:300]
    elif isinstance(value, dict):
        config = value.get("config")
        named = config.get("name") if isinstance(config, dict) else config
        if isinstance(named, str):
            yield clean(named)[:300]
        elif "class_name" not in value:
            yield from _metric_names(list(value.values()), depth + 1)
    elif isinstance(value, list):
        for item in value[:32]:
            yield from _metric_names(item, depth + 1)
