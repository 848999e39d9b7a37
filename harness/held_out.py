"""Whether what a network is validated on was held out of its training."""

from __future__ import annotations

from harness.datasets import OFFICIAL_ROWS
from harness.recording import ArrayRecord, FitData, Rows

IMAGES = ("x_train", "x_test", "x_all")


def validated_on_trained(data: FitData) -> bool:
    """Whether the validation images, training or test images, are among those that are trained on. A
    validation_split holds its images back. False where either are not recognised."""
    validation, trained = data.validation_x, data.x
    return validation is not None and trained is not None and _among(validation, trained)


def _among(images: ArrayRecord, trained: ArrayRecord) -> bool:
    """Whether all of some images are known to be among those that are trained on."""
    if images.rows is None or trained.rows is None or not {images.source, trained.source} <= set(IMAGES):
        return False
    if trained.rows.kind == "all" and trained.source in (images.source, "x_all"):
        return True
    if images.source == trained.source and images.rows == trained.rows:
        return images.rows.kind != "listed" or images.rows.frame is not None
    own, theirs = _numbers(images.source, images.rows), _numbers(trained.source, trained.rows)
    if not own or not theirs:
        return False
    return all(number in theirs for number in (*own[:2], own[-1]))  # even steps: the rest lies between


def _numbers(source: str | None, rows: Rows) -> range | None:
    """Where images stand in the training images with the test images behind them; None where they are a listing."""
    if rows.kind == "listed":
        return None
    first = OFFICIAL_ROWS["train"] if source == "x_test" else 0
    own = range(rows.count) if rows.kind == "all" else range(rows.start, rows.stop, rows.step)
    return range(first + own.start, first + own.stop, own.step)
