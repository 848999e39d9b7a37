"""What the worker is asked to do: comes from trusted code, as JSON on standard input."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from harness.worker.contents import TOTAL_BYTES
from harness.worker.contract import Contract
from harness.worker.replay import TrainedFit


class Paths(BaseModel):
    """Folders and files as seen from inside the sandbox."""

    submission: str
    data: str | None = None
    scratch: str


class Job(BaseModel):
    """One run of one hand-in.

    `order`: cells run as they stand, or as their saved execution counts say. The hand-in's code has `run_seconds`
    from its first statement on, and `total_seconds` from the worker's start, whichever ends first. None of
    them, and `statement_seconds` neither, counts what it waited for on a busy machine (`own_time`,
    `harness.worker.run_delay`). `content_bytes` may cross of arrays that were not recognised.
    """

    model_config = ConfigDict(extra="forbid")

    paths: Paths
    contract: Contract = Contract()
    datasets: tuple[str, ...] = ("mnist",)
    order: Literal["document", "executed"] = "document"
    statement_seconds: float = 20.0
    run_seconds: float = 45.0
    total_seconds: float = 600.0
    seed: int = 0
    replay: dict[str, TrainedFit] | None = None
    generate: int = 200
    content_bytes: int = TOTAL_BYTES
