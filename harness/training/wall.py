"""The trainer's wall: a trainer sees the interpreter, this package and the data sets, and can write to little.

Trainers are trusted code, but they run Keras, TensorFlow and XLA on configurations that an attacker chose, within
the allow-list. So where bubblewrap works they run behind a wall of their own: namespaces of their own, no network,
no home folder, no hand-in, nothing of the cache but compiled programs, nothing of `reference/`; as root a user of
their own. Requests, answers and arrays go over pipes (`harness.training.wire`). Memory and processor time are not
limited, as training needs them; where they use a GPU, its device files and /sys are there too, and neither Landlock
nor seccomp is. Elsewhere trainers are plain processes.

The compiled programs stay shared by all trainers of a cache, although a trainer that is taken over could leave
behind a program that lies, and though it could fill the disk with them. Without them every command compiles for
seconds what it compiled before. What such a program gains is what its author had: it runs in later trainers, behind
the same wall, and nothing but trainers loads it. To delete the folder `compiled` ends it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import platformdirs

from harness import datasets, sandbox
from harness.sandbox import SandboxError
from harness.training.choose import Backend, Kind

PACKAGE = Path(__file__).resolve().parent.parent
ROOT, DATA, KERAS, CACHE = "/work/trainer", "/work/data", "/work/keras", "/work/cache"
SCRATCH_BYTES = 2**30
TAKEN = (
    "CUDA_", "GOTO_", "JAX_", "KMP_", "LD_LIBRARY_PATH", "MALLOC_", "MKL_", "NCCL_", "NVIDIA_", "OMP_", "OPENBLAS_",
    "TF_", "XLA_",
)  # fmt: skip
"""What of the environment's variables steers arithmetic, and is as outside: by how they begin."""
CODE = (
    "import sys; sys.path.append({root!r}); from harness.keras_import import import_keras; import_keras(); "
    "from harness.training.server import main; main()"
)

Started = tuple["subprocess.Popen[bytes]", Callable[[], None]]
"""A trainer's process with unbuffered pipes, and how to kill it; that returns once the trainer is dead."""


class Launcher:
    """Starts trainers, behind the wall where that works.

    `without` says why they are not behind it: "" where they are, None before the first start.
    """

    def __init__(self) -> None:
        self.without: str | None = None
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def started(self, backend: Backend, kind: Kind, environment: Mapping[str, str]) -> Iterator[Started]:
        """A trainer's process on a device of this kind, with these variables. It ends with the thread that starts
        it. Raises SandboxError where bubblewrap works and this does not, and OSError."""
        with contextlib.ExitStack() as stack:
            with self._lock:
                made = self._started(stack, backend, kind, environment)
            yield made

    def _started(
        self, stack: contextlib.ExitStack, backend: Backend, kind: Kind, environment: Mapping[str, str]
    ) -> Started:
        if self.without is None and sys.platform != "linux":
            self.without = sandbox.probe()
        if not self.without:
            try:
                made = stack.enter_context(self._wall.started(backend, kind, environment))
            except SandboxError:
                self.without = sandbox.probe()
                if not self.without:
                    raise
            else:
                self.without = ""
                return made
        return _plain(environment)

    @cached_property
    def _wall(self) -> Wall:
        return Wall.made()


def _plain(environment: Mapping[str, str]) -> Started:
    process = subprocess.Popen(
        # -P: the folder that the harness was called in may be a hand-in, and nothing of it is imported
        [sys.executable, "-P", "-c", CODE.format(root=str(PACKAGE.parent))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
        env={**os.environ, **environment},
    )  # fmt: skip

    def kill() -> None:
        process.kill()
        process.wait()

    return process, kill


@dataclass(frozen=True)
class Wall:
    """A wall for the trainers of one command. `uid`: the user that they become, None where they stay the person's;
    `compiled`: the folder of compiled programs, where there can be one."""

    uid: int | None
    compiled: Path | None

    @staticmethod
    def made() -> Wall:
        """Raises SandboxError where the machine has no user for it."""
        from harness.sandbox import bubblewrap

        root = Path(os.environ.get("HARNESS_CACHE") or platformdirs.user_cache_dir("nn-grading-harness"))
        folder = root / "compiled"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not bubblewrap.is_root():
                return Wall(None, folder)
            uid = folder.stat().st_uid or bubblewrap.own_uid()
            if _is_a_persons(uid):
                return Wall(bubblewrap.own_uid(), None)
            _give(folder, uid)
        except OSError:
            return Wall(bubblewrap.own_uid() if bubblewrap.is_root() else None, None)
        return Wall(uid, folder)

    @contextlib.contextmanager
    def started(self, backend: Backend, kind: Kind, environment: Mapping[str, str]) -> Iterator[Started]:
        """A trainer's process behind the wall. Raises SandboxError where it cannot be made."""
        from harness.sandbox import bubblewrap

        if without_bytecode(("keras", backend)):
            _write_bytecode(environment)
        with tempfile.TemporaryDirectory(prefix="harness-") as copies:
            shown = data_files()
            if self.uid is not None:
                shown = {inside: bubblewrap.open_to_all(path, Path(copies)) for inside, path in shown.items()}
            options = self.options(backend, kind, environment, shown)
            with bubblewrap.launched(options, self._command(options, kind)) as (process, pidfd):
                if process.stdin is not None:
                    process.stdin.write(b"\n")  # lets the stage go
                yield process, lambda: bubblewrap.kill(process, pidfd)

    def options(
        self, backend: Backend, kind: Kind, environment: Mapping[str, str], data: Mapping[str, Path]
    ) -> list[str]:
        """bubblewrap's options for a trainer that sees the data sets' files `data` (inside → outside)."""
        from harness.sandbox import bubblewrap, mounts

        shown = {f"{ROOT}/harness": PACKAGE, **data}
        shown |= {str(path): path for path in (Path("/sys/devices/system/cpu"),) if path.is_dir()}
        more = []
        if (PACKAGE / "_assets").is_dir():  # reference/ in an installed package
            inside = f"{ROOT}/harness/_assets"
            more += ["--perms", "0755", "--tmpfs", inside, "--remount-ro", inside]
        if self.compiled is not None and backend == "jax":
            inside = f"{CACHE}/compiled"
            more += [*mounts.parents(Path(inside)), "--bind", str(self.compiled), inside]
        if kind == "gpu":
            more += _gpu()
        return bubblewrap.enclosed(_environment(environment), shown, SCRATCH_BYTES, more)

    def _command(self, options: list[str], kind: Kind) -> list[str]:
        from harness.sandbox import bubblewrap

        settings = ["handshake=1"]
        if self.uid is not None:
            settings.append(f"uid={self.uid}")
        if kind == "cpu":
            settings += [*_landlock(options), *bubblewrap.seccomp_settings()]
        stage = f"{ROOT}/harness/worker/stage.py"
        program = [sys.executable, "-s", "-P", "-c", CODE.format(root=ROOT)]
        return [sys.executable, "-I", "-S", stage, *settings, "--", *program]


def data_files() -> dict[str, Path]:
    """The files in which `harness.datasets` finds data sets: inside → outside."""
    found: dict[str, Path] = {}
    if folder := os.environ.get("HARNESS_DATA"):
        found |= {
            f"{DATA}/{name}.npz": Path(folder).expanduser() / f"{name}.npz" for name in datasets.PUBLISHED_SHA256
        }
    kept = datasets.keras_home() / "datasets"
    names = ("mnist.npz", *(f"fashion-mnist/{file}" for file, _ in datasets.FASHION_FILES.values()))
    found |= {f"{KERAS}/datasets/{name}": kept / name for name in names}
    return {inside: path.resolve() for inside, path in found.items() if path.is_file()}


def without_bytecode(packages: Sequence[str]) -> bool:
    """Whether a package was installed without bytecode, as some installers do, and it can be written."""
    if sys.dont_write_bytecode or sys.pycache_prefix:
        return False
    for package in packages:
        found = importlib.util.find_spec(package)
        if found is None or found.origin is None:
            continue
        kept = Path(importlib.util.cache_from_source(found.origin))
        if not kept.exists() and os.access(Path(found.origin).parent, os.W_OK):
            return True
    return False


def _write_bytecode(environment: Mapping[str, str]) -> None:
    """Import once, outside, what trainers import: behind their wall each would compile it anew."""
    program = "import harness.training.server, harness.training.jax_scan"
    command = [sys.executable, "-P", "-c", f"import sys; sys.path.append({str(PACKAGE.parent)!r}); {program}"]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=False, timeout=600)


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    from harness.sandbox import bubblewrap

    taken = {name: value for name, value in os.environ.items() if name.startswith(TAKEN)}
    return taken | {
        "HOME": bubblewrap.SCRATCH,
        "TMPDIR": bubblewrap.SCRATCH,
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HARNESS_DATA": DATA,
        "HARNESS_CACHE": CACHE,
        "KERAS_HOME": KERAS,
        **given,
    }


def _landlock(options: list[str]) -> list[str]:
    """The stage's settings: what is shown is read, and nothing is written but what the options give."""
    from harness.sandbox import bubblewrap

    at = {name: [n for n, word in enumerate(options) if word == name] for name in ("--ro-bind", "--bind")}
    places = [("read", "/proc"), ("read", str(Path(ROOT).parent)), ("device", "/dev")]
    places += [("write", bubblewrap.SCRATCH), ("write", "/dev/shm")]  # noqa: S108  # the trainer's own
    places += [("read", options[n + 2]) for n in at["--ro-bind"]]
    places += [("write", options[n + 2]) for n in at["--bind"]]
    return ["landlock=0", *(f"{name}={path}" for name, path in places)]


def _gpu() -> list[str]:
    """The device files of NVIDIA's driver, under Windows' Linux too, and what it reads of the system."""
    devices = [*sorted(Path("/dev").glob("nvidia*")), *(path for path in (Path("/dev/dxg"),) if path.exists())]
    binds = [word for path in devices for word in ("--dev-bind", str(path), str(path))]
    return [*binds, "--ro-bind", "/sys", "/sys"]


def _is_a_persons(uid: int) -> bool:
    import pwd  # Linux only

    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _give(folder: Path, uid: int) -> None:
    """Make everything in the folder that user's. By handles, because a trainer may be changing it meanwhile."""
    if all(path.lstat().st_uid == uid for path in (folder, *folder.iterdir())):
        return
    for _, folders, files, here in os.fwalk(folder, follow_symlinks=False):
        for name in (*folders, *files):
            with contextlib.suppress(FileNotFoundError):
                os.chown(name, uid, uid, dir_fd=here, follow_symlinks=False)
        os.chown(here, uid, uid)
