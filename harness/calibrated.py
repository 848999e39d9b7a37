"""What calibration files hold: the references' runs on one data set in one profile, raw, with their provenance."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.gates import Forecast, Record

Profile = Literal["quick", "full"]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CalibrationRun(_Kept):
    """One run of a reference: its seed and what was measured on it."""

    seed: int
    value: float
    curve: tuple[float, ...] = ()
    """The same by noise level, where `value` sums a curve up."""
    seconds: float = 0.0
    """What training took; of what is measured on trained networks, nothing."""


class CalibratedQuantity(_Kept):
    """One measured quantity of the references, a run a seed, and the recipe that was trained for it."""

    task: str
    """The task that the measure is about."""
    trained_for: str
    """The task whose network the recipe is of: that of the denoiser, where denoising is measured."""
    measure: str
    """What was measured: "accuracy", "gain", "denoised", "reconstruction", "recognised", …"""
    unit: str = "share"
    handed_in: str
    """Identity of the recipe as the assignment asks for it, whatever the seed."""
    recipe: str
    """Identity of what was trained: the same, or its scaled form."""
    settings: dict[str, Any] = Field(default_factory=dict)
    trainer: dict[str, str] = Field(default_factory=dict)
    """What trained it: the trainer's name, versions and device, as the key of a kept run has them."""
    levels: tuple[float, ...] = ()
    """Noise levels of the runs' curves."""
    runs: tuple[CalibrationRun, ...]

    @property
    def values(self) -> tuple[float, ...]:
        """The measured values in the order of their seeds."""
        return tuple(run.value for run in self.runs)


class Forecasts(_Kept):
    """`calibration/forecasts-<dataset>.json`: how the quick profile's forecasts came out in full."""

    assignment: str
    dataset: str
    records: dict[Forecast, Record]
    provenance: dict[str, Any]


class Calibration(_Kept):
    """A calibration file, `calibration/<dataset>-<profile>.json`. Quantities by "TASK.accuracy" and the like."""

    assignment: str
    dataset: str
    dataset_sha256: str
    profile: Profile
    quantities: dict[str, CalibratedQuantity]
    provenance: dict[str, Any]
