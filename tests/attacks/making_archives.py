"""Archives and names that cannot lie in a repository: groups E (artefacts), F, G and H."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from attacks.listed import Builder
from notebooks import code, md, notebook

RAN = b"print('ran')\n"


def named(name: str) -> Builder:
    """A zip with a file of this name beside an ordinary one."""

    def build(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "work.zip", "w") as archive:
            archive.writestr("work.py", RAN)
            info = zipfile.ZipInfo("x")
            info.filename = info.orig_filename = name
            archive.writestr(info, RAN)
        return folder / "work.zip"

    return build


def nul(folder: Path) -> Path:
    """A zip with a name that ends for C before it ends for Python."""
    path = named("safe_py_evil")(folder)
    path.write_bytes(path.read_bytes().replace(b"safe_py_evil", b"safe.py\0evil"))
    return path


def zip_link(folder: Path) -> Path:
    """A zip with a link to a secret."""
    with zipfile.ZipFile(folder / "work.zip", "w") as archive:
        info = zipfile.ZipInfo("answers.md")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/shadow")
    return folder / "work.zip"


def tar_with(kind: bytes, target: str, then: str = "") -> Builder:
    """A tar with a member of this kind, and then a file by way of it."""

    def build(folder: Path) -> Path:
        with tarfile.open(folder / "work.tar.gz", "w:gz") as archive:
            info = tarfile.TarInfo("data")
            info.type, info.linkname = kind, target
            archive.addfile(info)
            if then:
                info = tarfile.TarInfo(then)
                info.size = len(RAN)
                archive.addfile(info, io.BytesIO(RAN))
        return folder / "work.tar.gz"

    return build


def encrypted(folder: Path) -> Path:
    """A zip that says that it has a password."""
    path = named("x.py")(folder)
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    return path


def overlapping(folder: Path) -> Path:
    """A zip of which two entries share their bytes."""
    path = named("b.py")(folder)
    data = bytearray(path.read_bytes())
    second = data.index(b"PK\1\2", data.index(b"PK\1\2") + 4)
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    path.write_bytes(data)
    return path


def bomb(folder: Path) -> Path:
    """A zip of some hundred kilobytes that unpacks to 100 MB."""
    with zipfile.ZipFile(folder / "work.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("work.py", RAN)
        archive.writestr("data.csv", bytes(100 * 2**20))
    return folder / "work.zip"


# --- arrays that the hand-in's own code reads


def pickled(folder: Path) -> Path:
    """An .npz with a pickle that runs code, and code that loads it both ways."""
    data = io.BytesIO()
    np.save(data, np.array([Runs()], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(folder / "results.npz", "w") as archive:
        archive.writestr("predictions.npy", data.getvalue())
    (folder / "work.py").write_text(
        "import numpy as np\n\nprint('reads it')\n"
        "np.load('results.npz')['predictions']\n"
        "np.load('results.npz', allow_pickle=True)['predictions']\nprint('and goes on')\n",
        encoding="utf-8",
    )
    return folder


class Runs:
    """Unpickled, it prints that it ran, and from where."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return print, ("a pickle ran in the sandbox",)


def inflating(folder: Path) -> Path:
    """An .npz of 1 MB that inflates to 1 GiB, and code that loads it."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (2**27,)})
    with (
        zipfile.ZipFile(folder / "results.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("predictions.npy", "w", force_zip64=True) as file,
    ):
        file.write(head.getvalue())
        block = bytes(2**20)
        for _ in range(1024):
            file.write(block)
    (folder / "work.py").write_text(
        "import numpy as np\n\nprint('reads it')\npredictions = np.load('results.npz')['predictions']\n"
        "print('inflated to', predictions.nbytes)\n",
        encoding="utf-8",
    )
    return folder


# --- notebooks


def broken(folder: Path) -> Path:
    """Notebooks that are none, and two that are in encodings of their own."""
    ran = json.dumps(json.loads(notebook("print('read as UTF-16')")), ensure_ascii=False)
    marked = json.dumps(json.loads(notebook("print('read behind a mark')")), ensure_ascii=False)
    whole = notebook("print('never')")
    files = {
        "bom.ipynb": marked.encode("utf-8-sig"),
        "conflict.ipynb": b"<<<<<<< HEAD\n" + whole.encode(),
        "empty.ipynb": b"",
        "keys.ipynb": b'{"cells": ' + b"9" * 100_000 + b"}",
        "nested.ipynb": b"[" * 1_000_000,
        "truncated.ipynb": whole[: len(whole) // 2].encode(),
        "utf16.ipynb": ran.encode("utf-16"),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def huge(folder: Path) -> Path:
    """A notebook of 200 MB, and a small one."""
    with (folder / "a.ipynb").open("wb") as file:
        file.write(b'{"cells": [], "nbformat": 4, "metadata": {"x": "')
        file.truncate(200 * 2**20)
    (folder / "b.ipynb").write_text(notebook("print('the small one ran')"), encoding="utf-8")
    return folder


def attachments(folder: Path) -> Path:
    """Megabytes of pictures, attached under names that lead elsewhere, and saved with outputs."""
    picture = "iVBORw0KGgo" + "A" * 4_000_000
    text = md("# Loss function\n\n![a](attachment:../../harness-attack-mark.png) ![b](attachment:/etc/passwd)")
    text["attachments"] = {
        "../../harness-attack-mark.png": {"image/png": picture},
        "/tmp/harness-attack-mark.png": {"image/png": picture},
    }
    drawn = code("print('pictures are left alone')")
    drawn["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"image/png": picture}}] * 3
    path = folder / "work.ipynb"
    path.write_text(notebook(text, drawn), encoding="utf-8")
    return path


# --- names


def marked_up(folder: Path) -> Path:
    """Markup in the name of the hand-in, of its files, and in what they raise."""
    inner = folder / '"><img src=x onerror=alert(1)>'
    inner.mkdir()
    (inner / "<script>alert(2)<script>.py").write_text("raise ValueError('in a file of this name')\n", "utf-8")
    (inner / "'onmouseover='alert(3).py").write_text("=1+1 @x\n", "utf-8")
    (inner / "=cmd|' ;=1+1.py").write_text("import keras\nprint(missing_name)\n", "utf-8")
    (inner / "[bold red]a[link=x].md").write_text("# Loss function\n\n[/] {{ 7*7 }} {% raw %}\n", "utf-8")
    return inner


def hidden(folder: Path) -> Path:
    """Characters in file names that turn the reading direction, or cannot be seen; a name with an escape."""
    (folder / "work\u202eyp.py").write_text("print('ran as named')\n", "utf-8")
    (folder / "work\x1b[2J.py").write_text("print('never')\n", "utf-8")
    return folder


# --- honest mistakes


def empty_folder(folder: Path) -> Path:
    """A folder with nothing in it."""
    return folder


def text_file(folder: Path) -> Path:
    """Code saved as text. (Among several hand-ins a text file by itself is passed over, and said so.)"""
    (folder / "submission.txt").write_text("print('never')\n", "utf-8")
    return folder


def empty_file(folder: Path) -> Path:
    """A submission.py with nothing in it, and two more that cannot both be it."""
    for name in ("a/submission.py", "b/submission.py"):
        (folder / name).parent.mkdir()
        (folder / name).write_text(f"print('candidate {name}')\n", "utf-8")
    (folder / "a.ipynb").write_text("", "utf-8")
    return folder


def downloaded_twice(folder: Path) -> Path:
    """`submission (1).py`, three folders down."""
    deep = folder / "Group 7" / "final" / "final2"
    deep.mkdir(parents=True)
    honest = Path(__file__).with_name("honest") / "submission.py"
    (deep / "submission (1).py").write_text(honest.read_text(encoding="utf-8") + "\nprint('was found')\n", "utf-8")
    return folder


BUILDERS: dict[str, Builder] = {
    "E12_pickle_in_an_npz": pickled,
    "E14_npz_that_inflates": inflating,
    "E15_absolute_path": named("/tmp/harness-attack-mark.py"),
    "E15_backslashes": named("..\\..\\harness-attack-mark.py"),
    "E15_drive_letter": named("C:/harness-attack-mark.py"),
    "E15_encrypted": encrypted,
    "E15_nul": nul,
    "E15_out_of_its_folder": named("../../harness-attack-mark.py"),
    "E15_overlapping": overlapping,
    "E15_unpacks_to_too_much": bomb,
    "E16_device_in_a_tar": tar_with(tarfile.CHRTYPE, ""),
    "E16_hard_link_in_a_tar": tar_with(tarfile.LNKTYPE, "/etc/shadow"),
    "E16_link_and_a_file_through_it": tar_with(tarfile.SYMTYPE, "/tmp", "data/harness-attack-mark.py"),
    "E16_link_in_a_zip": zip_link,
    "F07_broken_notebooks": broken,
    "F07_huge_notebook": huge,
    "F14_attachments": attachments,
    "G01_markup_in_names": marked_up,
    "G05_names_that_are_refused": hidden,
    "H04_copy_three_folders_down": downloaded_twice,
    "H04_empty_folder": empty_folder,
    "H04_text_file": text_file,
    "H04_two_candidates": empty_file,
}
