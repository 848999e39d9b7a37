"""What this machine has for grading, and what to do about what is missing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from dataclasses import dataclass
from typing import get_args

import psutil

from harness import assignment, datasets, sandbox
from harness.calibrated import Profile
from harness.store import CacheUsageError, Store
from harness.text import quantity, size
from harness.training import device as devices
from harness.training.process import DeviceUnavailable, TrainerFailed, TrainerProcess


@dataclass(frozen=True)
class Fact:
    """One thing looked at: whether it is as it should be, whether grading needs it, and the remedy."""

    name: str
    value: str
    ok: bool = True
    needed: bool = False
    remedy: str = ""


def examine() -> list[Fact]:
    """Look at everything. Imports both frameworks in processes of their own, so it takes some seconds."""
    return [*_system(), *_packages(), *_trainer(), *_isolation(), *_data(), *_assignments(), _cache()]


def _system() -> list[Fact]:
    good = (3, 11) <= sys.version_info < (3, 14)
    memory, gib = psutil.virtual_memory(), 2**30
    return [
        Fact("Python", platform.python_version(), good, True, "Use Python 3.11, 3.12 or 3.13."),
        Fact("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        Fact(
            "memory",
            f"{memory.available / gib:.1f} of {memory.total / gib:.1f} GiB free, {os.cpu_count()} cores",
            memory.available > 3 * gib, False, "Grading takes about 3 GiB; close other programs.",
        ),
    ]  # fmt: skip


def _packages() -> list[Fact]:
    facts = []
    for name in ("tensorflow", "jax", "keras", "numpy", "pytest"):
        try:
            facts.append(Fact(name, importlib.metadata.version(name), True, True))
        except importlib.metadata.PackageNotFoundError:
            facts.append(Fact(name, "not installed", False, True, "Install the harness again: pip install ."))
    return facts


def _trainer() -> list[Fact]:
    try:
        with TrainerProcess() as trainer:
            about, seen, without = trainer.describe(), trainer.probe(), trainer.without_wall
    except TrainerFailed as error:
        remedy = "The log above says why the framework did not start; install the harness again: pip install ."
        return [Fact("trainers", str(error)[-300:], False, True, remedy)]
    except DeviceUnavailable as error:
        return [Fact("trainers", str(error), False, True, "Give --device cpu, or install a driver that fits.")]
    jax, tensorflow = seen["jax"]["precision"], seen["tensorflow"]["precision"]
    facts = devices.find("auto")
    gpu = facts.kind == "gpu"
    used = f"{facts.name}, driver {facts.driver}" if gpu else f"{facts.name}; no GPU"
    return [
        Fact("jax_scan", f"Keras {about['keras']} on JAX {about['jax']}, {jax}, on {facts.name}"),
        Fact("keras_fit", f"Keras on TensorFlow {about['tensorflow']}, {tensorflow}, on the processor"),
        Fact("device", used, gpu, False, facts.why_not_more),
        Fact("trainer's wall", without or "bubblewrap", not without, False, "Install bubblewrap."),
    ]


def _isolation() -> list[Fact]:
    """Which sandbox there is, and each layer of its wall, tried inside it."""
    problem, chosen = sandbox.probe(), sandbox.choose()
    value = f"{problem}: {chosen.warning}" if problem else "bubblewrap works"
    remedy = "On Debian and Ubuntu: apt install bubblewrap. Without it only your own code may be run."
    facts = [Fact("isolation", value, not problem, False, remedy)]
    if sys.platform != "linux" or chosen.name == "plain":
        return facts
    from harness.sandbox import layers

    try:
        found = layers.look_at(type(chosen))
    except sandbox.SandboxError as error:
        return [*facts, Fact("wall", str(error), False, False, remedy)]
    return facts + [Fact(f"wall: {one.name}", one.seen, one.holds, False, one.remedy) for one in found]


def _data() -> list[Fact]:
    facts = []
    for name in ("mnist", "fashion_mnist", "digits"):
        try:
            data = datasets.load(name, download_timeout=5.0)
            value = f"{len(data.x_train):,} + {len(data.x_test):,} images, sha256 {data.sha256[:12]}"
            facts.append(Fact(name, value, True, name == "digits"))
        except datasets.DatasetError as error:
            facts.append(Fact(name, str(error).splitlines()[0], False, False, "Set HARNESS_DATA to its folder."))
    return facts


def _assignments() -> list[Fact]:
    facts = []
    for name in assignment.available():
        loaded = assignment.load(name)
        known = [
            f"{data} ({profile})"
            for data in ("mnist", "fashion_mnist", "digits")
            for profile in get_args(Profile)
            if loaded.calibration(data, profile)
        ]
        value = f"version {loaded.version}, calibrated on {', '.join(known) or 'nothing'}"
        facts.append(Fact(name, value, bool(known), False, f"harness calibrate {name} --data mnist"))
    return facts


def _cache() -> Fact:
    try:
        facts = Store(Store.default_folder(), Store.default_limit()).facts()
    except CacheUsageError as error:
        return Fact("cache", str(error), False, False, "Correct $HARNESS_CACHE_SIZE.")
    room = f"{size(facts.size)} of at most {size(facts.limit)}"
    return Fact("cache", f"{quantity(facts.kept['run'], 'trained run')} in {facts.folder}, {room}")
