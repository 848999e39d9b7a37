"""Work of a hand-in that no check looks at: networks that no task needs, and those that it trained itself."""

from __future__ import annotations

from harness.recording import Where
from harness.results.base import Value


class OtherNetwork(Value):
    """A fit that answers no task: listed, not trained. `summary` names its layers in a few words."""

    fit: str
    summary: str
    params: int = 0
    epochs: int = 0
    where: Where | None = None
    reason: str = ""
    """Why it could not have been trained, or what stopped it in the hand-in, where something did."""


class SavedFile(Value):
    """A model that was handed in as a file, as trusted code measured it: a fact, without points.

    `accuracy` and `error` (mean squared, a pixel) are those of the weights in the file; `task` and `trained` say
    which task its configuration answers, and the mean accuracy that it reaches when it is trained here.
    """

    file: str
    what: str
    """What it is: "Keras 3.15.1", "weights alone", "SavedModel"."""
    summary: str = ""
    params: int = 0
    accuracy: float | None = None
    error: float | None = None
    images: int = 0
    task: str = ""
    trained: float | None = None
    note: str = ""
    problem: str = ""


class OwnLoop(Value):
    """A network that the hand-in trained with a loop of its own, as trusted code measured it.

    It earns points only where a person grants them. `how` is "gradient_tape" or "train_step".
    """

    summary: str
    how: str
    params: int = 0
    accuracy: float | None = None
    images: int = 0
    stopped: bool = False
    """The loop was ended by a time limit."""
    problem: str = ""
    where: Where | None = None
