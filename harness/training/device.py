"""What there is to train on, told without importing a framework."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from harness.training.choose import Kind

Device = Literal["auto", "cpu", "gpu"]
CUDA_BUILDS = ("jax_cuda13_plugin", "jax_cuda12_plugin")  # of JAX


class DeviceUnavailable(RuntimeError):
    """A device was asked for that this machine has not: the fault of whoever asked."""


@dataclass(frozen=True)
class DeviceFacts:
    """The device that is trained on. `driver`: the GPU's; `why_not_more`: why no GPU is used, "" where one is."""

    kind: Kind
    name: str
    driver: str | None = None
    why_not_more: str = ""


def find(asked: Device) -> DeviceFacts:
    """The device for what was asked. Raises DeviceUnavailable where it is a GPU and none can be used."""
    gpus = _nvidia()
    reason = _why_no_gpu(asked, bool(gpus))
    if reason and asked == "gpu":
        raise DeviceUnavailable(
            f"A GPU was asked for and cannot be used: {reason} `harness doctor` says what this machine has. "
            "Without --device gpu the processor is used."
        )
    if reason:
        return DeviceFacts("cpu", processor(), None, reason)
    name, driver = gpus[0]
    return DeviceFacts("gpu", name, driver)


def _why_no_gpu(asked: Device, present: bool) -> str:
    """A sentence, or "" where a GPU is to be used."""
    if asked == "cpu":
        return "The processor was asked for."
    if not present:
        return "There is no NVIDIA GPU that the driver's nvidia-smi lists."
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return "CUDA_VISIBLE_DEVICES hides the GPU."
    if not any(importlib.util.find_spec(build) for build in CUDA_BUILDS):
        return "There is a GPU, and JAX is installed without CUDA: pip install 'nn-grading-harness[gpu]'."
    return ""


def _nvidia() -> list[tuple[str, str]]:
    """Name and driver version of each NVIDIA GPU."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    try:
        listed = subprocess.run(
            [command, "--query-gpu=name,driver_version", "--format=csv,noheader"],
            capture_output=True, text=True, timeout=20, check=True,
        ).stdout  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return []
    rows = [line.rpartition(",") for line in listed.splitlines() if "," in line]
    return [(name.strip(), driver.strip()) for name, _, driver in rows]


def processor() -> str:
    """The processor's model, as the system names it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


@cache
def version(package: str) -> str | None:
    """The installed version, None where there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
