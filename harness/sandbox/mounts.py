"""Which folders of the machine a bubblewrap sandbox shows: the system's, and the interpreter with its packages.

Whatever of this harness would be seen with them (a checkout, an installed package) is masked by an empty folder.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from harness.sandbox.base import SandboxError

PACKAGE = Path(__file__).resolve().parent.parent
LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
LOADER = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/nix/store", "/gnu/store")
PACKAGE_FOLDERS = ("site-packages", "dist-packages")


def system() -> list[str]:
    """bubblewrap options for the system's programs and libraries. Nothing of /etc but what the loader reads."""
    options = ["--ro-bind", "/usr", "/usr"]
    for name in LINKED:
        path = Path(name)
        if path.is_symlink():
            options += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():  # a system that keeps /lib and /usr/lib apart
            options += ["--ro-bind", name, name]
    for name in LOADER:
        if Path(name).exists():
            options += [*parents(Path(name)), "--ro-bind", name, name]
    return options


def interpreter() -> list[str]:
    """bubblewrap options for the folders of the running interpreter that the system's do not hold already.

    Raises SandboxError where such a folder would show a home folder or a checkout of the harness.
    """
    shown = _shown()
    masked = {path for base in _import_folders() for path in _masks(base)}
    home = Path.home()
    for path in shown:
        if path == Path("/") or home.is_relative_to(path) or path in masked or PACKAGE.parent == path:
            raise SandboxError(f"Python's folder {path} holds more than Python: install it in a folder of its own")
    plan: dict[Path, str] = {Path("/usr"): "--ro-bind"}
    options: list[str] = []
    for path in sorted(shown | masked, key=lambda one: (len(one.parts), one)):
        kind = "--tmpfs" if path in masked else "--ro-bind"
        around = [each for each in plan if path.is_relative_to(each)]
        nearest = plan[max(around, key=lambda one: len(one.parts))] if around else "--tmpfs"
        if kind == nearest:
            continue  # visible already, or nothing there to be masked
        plan[path] = kind
        if kind == "--tmpfs":
            options += ["--perms", "0755", "--tmpfs", str(path)]
        else:
            options += [*(parents(path) if nearest == "--tmpfs" else []), "--ro-bind", str(path), str(path)]
    for path, kind in plan.items():
        if kind == "--tmpfs":
            options += ["--remount-ro", str(path)]
    return options


def readable() -> tuple[list[Path], list[Path]]:
    """The same folders for a sandbox that cannot hide what lies below a folder: each is there in parts, without
    what is masked; and the folders of such parts in which Python looks for packages, whose names it has to see.
    Raises SandboxError as `interpreter`."""
    interpreter()  # what it refuses
    masked = {path for base in _import_folders() for path in _masks(base)}
    system = [Path(name) for name in ("/usr", *LINKED, *LOADER) if Path(name).exists()]
    parts = [part for path in (*system, *sorted(_shown())) for part in _without(path, masked)]
    return parts, sorted(_import_folders())


def _without(path: Path, masked: set[Path]) -> list[Path]:
    if path in masked or not any(one.is_relative_to(path) for one in masked):
        return [] if path in masked else [path]
    inside = [one for one in sorted(path.iterdir()) if not one.is_symlink()]  # a link's target is there by itself
    return [part for one in inside for part in _without(one, masked)]


def parents(path: Path) -> list[str]:
    """bubblewrap options that make the folders above `path`, so that every user may pass through them."""
    above = [parent for parent in reversed(path.parents) if parent != Path("/")]
    return [part for parent in above for part in ("--perms", "0755", "--dir", str(parent))]


def _shown() -> set[Path]:
    """The prefixes of the interpreter and of its virtual environment, as named and as resolved, and every stop
    on the way from `sys.executable` through its links."""
    if not sys.executable:
        raise SandboxError("this Python does not know its own program file")
    shown = {Path(prefix) for prefix in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)}
    stop = Path(sys.executable)
    for _ in range(40):
        prefix = stop.parent.parent
        shown.add(prefix if _is_prefix(prefix) else stop)
        if not stop.is_symlink():
            break
        stop = Path(os.path.normpath(stop.parent / stop.readlink()))
    return {path for named in shown for path in (named, named.resolve()) if path.exists()}


def _is_prefix(path: Path) -> bool:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return (path / "pyvenv.cfg").is_file() or any((path / lib / version).is_dir() for lib in ("lib", "lib64"))


def _import_folders() -> set[Path]:
    """Folders from which this Python, or that in the sandbox, could import a package named harness."""
    named = {*sys.path, sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), str(PACKAGE.parent)}
    folders = {Path(name) for name in named if name and Path(name).is_absolute()}
    return {path for folder in folders for path in (folder, folder.resolve()) if (path / "harness").is_dir()}


def _masks(folder: Path) -> set[Path]:
    """What to hide of an import folder that holds a package `harness`: a checkout altogether."""
    if folder == PACKAGE.parent and folder.name not in PACKAGE_FOLDERS:
        return {folder}
    return {folder / "harness"}
