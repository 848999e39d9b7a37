"""A control group around a run: one limit on the memory of all its processes and of its files in memory, and on how
many processes there are.

Resource limits count each process alone, and pages of a tmpfs not at all: eight children of 300 MB, or 400,000
empty files, pass them. A group can be made by root under cgroup v1, and under v2 by root or by a user to whom the
parent group is delegated, as systemd does below `user@.service`; elsewhere runs go on without.
https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.sandbox.base import MIB, Limits

PREFIX = "harness"
OVERHEAD = 8
"""Processes of the sandbox's own, and a margin: the limit of the run itself is a resource limit's."""
REMOVE_SECONDS = 5.0

Mine = dict[tuple[str, ...], str]
"""The groups of this process, by the controllers of their hierarchy; v2's has the controller ""."""
Mounted = list[tuple[Path, str, str, str]]
"""Folder, the group that is its root, kind, controllers."""


class NoGroup(Exception):
    """No control group can be made; the message says why, and what to do."""


@dataclass(frozen=True)
class Parents:
    """Folders in which this process may make groups: of v2 one, of v1 one for memory and perhaps one for pids."""

    version: int
    folders: tuple[Path, ...]


@dataclass(frozen=True)
class Group:
    """The control group of one run; of v1 one in each hierarchy."""

    version: int
    folders: tuple[Path, ...]

    def hold(self, processes: Iterable[int]) -> None:
        """Take these processes in, with all that they will start. Raises OSError."""
        for process in processes:
            for folder in self.folders:
                _write(folder / "cgroup.procs", process)

    def ran_out(self) -> bool:
        """Whether the kernel has ended a process because the group was at its limit."""
        memory = self.folders[0]
        if self.version == 2:
            events = _counts(memory / "memory.events")
            return bool(events.get("oom") and events.get("oom_kill"))
        killed = _counts(memory / "memory.oom_control").get("oom_kill", 0)
        most, limit = (int(_read(memory / f"memory.{name}_in_bytes") or 0) for name in ("max_usage", "limit"))
        return killed > 0 and most > limit - MIB  # pages are counted in batches


@contextlib.contextmanager
def around(limits: Limits, parents: Parents) -> Iterator[Group]:
    """A group with these limits, removed afterwards with whatever is still alive in it. Raises NoGroup."""
    _remove_stale(parents)
    name = f"{_own_prefix()}-{secrets.token_hex(4)}"
    group = Group(parents.version, tuple(folder / name for folder in parents.folders))
    try:
        try:
            for folder in group.folders:
                folder.mkdir()
            _limit(group, limits)
        except OSError as error:
            raise NoGroup(f"no control group could be made: {error}") from error
        yield group
    finally:
        for folder in group.folders:
            _remove(folder)


@contextlib.contextmanager
def grouped(process: int, limits: Limits) -> Iterator[Callable[[], bool]]:
    """A group around the children of a process, which still wait to be let go, and whether their memory ran out;
    where none can be made, none (`harness doctor` tells)."""
    group: Group | None = None
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(NoGroup, OSError):
            group = stack.enter_context(around(limits, find()))
            group.hold(_children(process))
        yield lambda: group is not None and group.ran_out()


def find(own: str | None = None, mounts: str | None = None) -> Parents:
    """Where this process may make groups, from the texts of /proc/self/cgroup and /proc/self/mountinfo.
    Raises NoGroup where there is no such place."""
    try:
        own = Path("/proc/self/cgroup").read_text(encoding="utf-8") if own is None else own
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8") if mounts is None else mounts
    except OSError as error:
        raise NoGroup(f"this system has no control groups: {error}") from error
    mine = {tuple(line.split(":", 2)[1].split(",")): line.split(":", 2)[2] for line in own.splitlines()}
    mounted = list(_mounted(mounts))
    memory = _v1(mine, mounted, "memory")
    if memory is not None:
        if not os.access(memory, os.W_OK):
            raise NoGroup(f"{memory} is root's: run as root, or on a system with cgroup v2")
        pids = _v1(mine, mounted, "pids")
        usable = pids is not None and os.access(pids, os.W_OK)
        return Parents(1, (memory, pids) if pids is not None and usable else (memory,))
    return Parents(2, (_v2(mine, mounted),))


def _v1(mine: Mine, mounted: Mounted, controller: str) -> Path | None:
    """The folder of this process's own group in a v1 hierarchy."""
    path = next((path for controllers, path in mine.items() if controller in controllers), None)
    for point, root, kind, options in mounted:
        if path is not None and kind == "cgroup" and controller in options.split(","):
            return _below(point, root, path)
    return None


def _v2(mine: Mine, mounted: Mounted) -> Path:
    """The folder beside this process's own group: a group that holds processes can hold no groups with limits."""
    path = mine.get(("",))
    found = next(((point, root) for point, root, kind, _ in mounted if kind == "cgroup2"), None)
    if path is None or found is None:
        raise NoGroup("this system has no control groups")
    own = _below(*found, path)
    folder = own.parent if own != found[0] else own
    if not {"memory", "pids"} <= set(_read(folder / "cgroup.subtree_control").split()):
        raise NoGroup("no memory is counted in this control group: start with systemd-run --user --scope")
    if not (os.access(folder, os.W_OK) and os.access(folder / "cgroup.procs", os.W_OK)):
        raise NoGroup("this control group is not delegated: start with systemd-run --user --scope")
    return folder


def _mounted(mounts: str) -> Iterator[tuple[Path, str, str, str]]:
    """Where control groups are mounted: the folder, the group that is its root, the kind, and the controllers."""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        fields, kinds = left.split(), right.split()
        if len(fields) > 4 and len(kinds) > 2 and kinds[0] in ("cgroup", "cgroup2"):
            yield Path(fields[4]), fields[3], kinds[0], kinds[2]


def _below(point: Path, root: str, path: str) -> Path:
    """The folder of the group `path` where the group `root` is mounted at `point`."""
    inside = path[len(root) :] if root != "/" and path.startswith(root) else path
    return point / inside.lstrip("/")


def _limit(group: Group, limits: Limits) -> None:
    memory, processes = group.folders[0], limits.processes + OVERHEAD
    if group.version == 2:
        _write(memory / "memory.max", limits.total_memory_bytes)
        with contextlib.suppress(FileNotFoundError):  # a kernel without swap
            _write(memory / "memory.swap.max", 0)
        _write(memory / "memory.oom.group", 1)
        _write(memory / "pids.max", processes)
        return
    _write(memory / "memory.limit_in_bytes", limits.total_memory_bytes)
    with contextlib.suppress(FileNotFoundError):
        _write(memory / "memory.memsw.limit_in_bytes", limits.total_memory_bytes)
    for pids in group.folders[1:]:
        _write(pids / "pids.max", processes)


def _own_prefix() -> str:
    """Names of this process's groups start so: they say whose they are, until it is gone."""
    return f"{PREFIX}-{_namespace()}-{os.getpid()}-{_start(os.getpid())}"


def _remove_stale(parents: Parents) -> None:
    """Remove groups of harnesses that were killed: of this process namespace, whose process is gone."""
    for folder in parents.folders:
        for stale in folder.glob(f"{PREFIX}-{_namespace()}-*"):
            parts = stale.name.split("-")
            if len(parts) == 5 and parts[2].isdigit() and _start(int(parts[2])) != parts[3]:
                _remove(stale)


def _remove(folder: Path) -> None:
    """Kill what is in a group and remove it; a group that does not go is left to the next run."""
    deadline = time.monotonic() + REMOVE_SECONDS
    while folder.is_dir():
        for process in _read(folder / "cgroup.procs").split():
            with contextlib.suppress(OSError):
                os.kill(int(process), signal.SIGKILL)
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)


def _children(process: int) -> list[int]:
    """The processes below one that has a single thread. Raises OSError."""
    text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [one for child in map(int, text.split()) for one in (child, *_children(child))]


def _namespace() -> int:
    return Path("/proc/self/ns/pid").stat().st_ino


def _start(process: int) -> str:
    """When a process was started, in ticks; empty where there is no such process."""
    text = _read(Path(f"/proc/{process}/stat"))
    return text.rpartition(")")[2].split()[19] if text else ""


def _counts(file: Path) -> dict[str, int]:
    pairs = (line.split() for line in _read(file).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _read(file: Path) -> str:
    """Empty where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""


def _write(file: Path, value: int) -> None:
    with file.open("r+", encoding="ascii") as opened:  # not created: a limit that does not exist is none
        opened.write(str(value))
