"""Where student code runs: `choose` gives the best sandbox that works here."""

from __future__ import annotations

import sys
from typing import Literal

from harness.sandbox.base import Ended, Frames, Limits, Sandbox, SandboxError, SandboxRun
from harness.sandbox.plain import PlainSandbox

__all__ = [
    "Ended",
    "Frames",
    "Limits",
    "PlainSandbox",
    "Sandbox",
    "SandboxError",
    "SandboxRun",
    "choose",
    "probe",
]


def probe() -> str:
    """Try bubblewrap for real: empty where it works, else a sentence that says why not. Costs about 0.1 s."""
    if sys.platform != "linux":
        return "bubblewrap needs Linux"
    from harness.sandbox import bubblewrap

    return bubblewrap.probe()


def choose(prefer: Literal["auto", "bubblewrap", "plain"] = "auto") -> Sandbox:
    """The sandbox to use. `auto`: bubblewrap where it works, otherwise Landlock, otherwise plain; of these two
    `isolated` is false: ask the user. Raises SandboxError where `bubblewrap` is asked for and does not work."""
    if prefer == "plain":
        return PlainSandbox()
    problem = probe()
    if not problem:
        from harness.sandbox import bubblewrap

        return bubblewrap.BubblewrapSandbox()
    if prefer == "bubblewrap":
        raise SandboxError(f"bubblewrap does not work here: {problem}")
    if sys.platform == "linux":
        from harness.sandbox import landlocked

        if not landlocked.probe():
            return landlocked.LandlockSandbox()
    return PlainSandbox()
