"""Work as it is handed in, in every form, and that intake refuses it."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from harness.intake import IntakeLimits, IntakeRefused, receive

WORK = {"report.ipynb": b"{}", "src/net.py": b"import keras\n", "answers.md": b"# 1\n"}


def make_zip(path: Path, files, **attributes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items() if isinstance(files, dict) else files:
            info = zipfile.ZipInfo("x", date_time=attributes.get("date", (2020, 1, 1, 0, 0, 0)))
            info.filename = info.orig_filename = name
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = attributes.get("mode", 0o100644) << 16
            archive.writestr(info, data)
    return path


def make_tar(path: Path, files, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def make_folder(path: Path, files) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(path: Path, words: str, limits: IntakeLimits | None = None) -> None:
    into = path.parent / "into"
    before = sorted(path.parent.iterdir())
    with pytest.raises(IntakeRefused, match=words):
        receive(path, into, limits)
    assert sorted(path.parent.iterdir()) == before
