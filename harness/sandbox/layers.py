"""The wall of this machine, layer by layer, as a program inside it sees it (Linux)."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.sandbox import cgroup
from harness.sandbox.base import GIB, MIB, Ended, Limits, Sandbox, SandboxError
from harness.worker import landlock, look

LIMITS = Limits(seconds=60)
SMALL = Limits(seconds=60, total_memory_bytes=64 * MIB)
FILL = ("-I", "-S", "-c", "kept = bytearray(200 * 2**20)")
BUBBLEWRAP = "Install bubblewrap (Debian and Ubuntu: apt install bubblewrap)."


@dataclass(frozen=True)
class Layer:
    """One layer: what was seen of it, whether it holds, and what to do where it does not."""

    name: str
    seen: str
    holds: bool
    remedy: str = ""


def look_at(start: Callable[[tuple[str, ...]], Sandbox]) -> list[Layer]:
    """Run two programs in the sandbox that `start` makes for each: one that looks, and one that takes too much
    memory. Raises SandboxError."""
    code = Path(look.__file__).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="harness-") as empty:
        run = start(("-I", "-S", "-c", code)).run({}, Path(empty), None, LIMITS)
        if run.ended is not Ended.FINISHED or run.frames.recording is None:
            raise SandboxError(
                f"a program that looks at the wall did not run: {run.detail} {run.log.strip()[-300:]}"
            )
        filled = start(FILL).run({}, Path(empty), None, SMALL)
    seen = json.loads(run.frames.recording)
    outside = {name: Path(f"/proc/self/ns/{name}").stat().st_ino for name in look.NAMESPACES}
    return [
        *(_namespaces(seen, outside), _network(seen), _rights(seen), _files(seen)),
        *(_landlock(seen), _calls(seen), _limits(seen), _memory(filled.ended)),
    ]


def _namespaces(seen: dict[str, Any], outside: dict[str, int]) -> Layer:
    own = sorted(name for name, inode in seen["namespaces"].items() if inode not in (0, outside[name]))
    shared = {"ipc", "mnt", "net", "pid", "uts"} - set(own)
    text = f"own {', '.join(own) or 'none'}" + (f"; shared {', '.join(sorted(shared))}" if shared else "")
    return Layer("namespaces", text, not shared, BUBBLEWRAP)


def _network(seen: dict[str, Any]) -> Layer:
    if seen["any_socket"] != "done":
        return Layer("network", f"none: a socket is refused ({seen['any_socket']})", True)
    others = [name for name in seen["interfaces"] if name != "lo"]
    text = f"reaches {', '.join(others)}" if others else "none but the run's own"
    return Layer("network", text, not others, BUBBLEWRAP)


def _rights(seen: dict[str, Any]) -> Layer:
    held = seen["capabilities"] == 0 and seen["uid"] != 0 and seen["no_new_privileges"]
    who = f"user {seen['uid']}, {'no' if seen['capabilities'] == 0 else 'some'} capabilities"
    more = "gains none" if seen["no_new_privileges"] else "may gain more"
    return Layer("rights", f"{who}, {more}", held, BUBBLEWRAP)


def _files(seen: dict[str, Any]) -> Layer:
    written = ", ".join(seen["written"])
    return Layer(
        "files", f"may write {written}" if written else "all read-only but its own", not written, BUBBLEWRAP
    )


def _landlock(seen: dict[str, Any]) -> Layer:
    version, refused = landlock.abi(), seen["own_program"] == "EACCES"
    if version == 0:
        return Layer("Landlock", "this kernel has none", False, "Linux 5.13 or later with lsm=landlock has it.")
    held = f"ABI {version}, a file of its own is not executed"
    text = held if refused else f"ABI {version}, but a file of its own is executed"
    return Layer("Landlock", text, refused, "This is a fault of the harness, or of the kernel: report it.")


def _calls(seen: dict[str, Any]) -> Layer:
    held = seen["filtered"] and seen["odd_socket"] == "EAFNOSUPPORT"
    text = "system calls are filtered" if held else "system calls are not filtered"
    return Layer("seccomp", text, held, "There are filters for x86_64 and aarch64, on kernels with CONFIG_SECCOMP.")


def _limits(seen: dict[str, Any]) -> Layer:
    def said(number: int) -> str:
        return "no limit" if number < 0 else f"{number:,}"

    held = seen["memory"] == LIMITS.memory_bytes and seen["processes"] == LIMITS.processes
    memory = "no limit" if seen["memory"] < 0 else f"{seen['memory'] / GIB:.0f} GiB"
    text = f"{memory} of addresses a process, {said(seen['processes'])} processes"
    return Layer("limits", text, held, "Linux 5.14 or later counts an ordinary user's sandbox by itself.")


def _memory(ended: Ended) -> Layer:
    if ended is Ended.OUT_OF_MEMORY:
        size = SMALL.total_memory_bytes // MIB
        return Layer("memory of a run", f"a control group ended a run of more than {size} MiB", True)
    try:
        cgroup.find()
        remedy = "A control group can be made here but did not hold: report it."
    except cgroup.NoGroup as error:
        remedy = f"{str(error)[:1].upper()}{str(error)[1:]}."
    return Layer("memory of a run", "not limited but for each process", False, remedy)
