"""Intake: what a submission becomes, and what is refused before anything is unpacked."""

from __future__ import annotations

import os
import tarfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.handed_in import WORK, contents, make_folder, make_tar, make_zip

from harness.intake import IntakeRefused, IntakeUsageError, clean_name, receive

# --- what is taken ----------------------------------------------------------------------------------------


def test_every_form_of_the_same_work_has_the_same_hash(tmp_path):
    nested = {f"Group 7/{name}": data for name, data in WORK.items()}
    forms = [
        make_folder(tmp_path / "folder", WORK),
        make_zip(tmp_path / "a.zip", WORK),
        make_zip(tmp_path / "b.zip", list(reversed(WORK.items())), date=(2024, 5, 6, 7, 8, 10)),
        make_zip(tmp_path / "nested.zip", nested),
        make_tar(tmp_path / "c.tar", WORK),
        make_tar(tmp_path / "d.tar.gz", nested, "w:gz"),
        make_tar(tmp_path / "e.tgz", {f"./{name}": data for name, data in WORK.items()}, "w:gz"),
    ]
    hashes = set()
    for number, form in enumerate(forms):
        submission = receive(form, tmp_path / "into" / str(number))
        assert contents(submission.folder) == WORK
        assert {file.name: file.bytes for file in submission.files} == {name: len(d) for name, d in WORK.items()}
        hashes.add(submission.sha256)
    assert len(hashes) == 1
    other = make_zip(tmp_path / "other.zip", WORK | {"answers.md": b"# 2\n"})
    assert receive(other, tmp_path / "other").sha256 not in hashes


@pytest.mark.parametrize("suffix", [".ipynb", ".py", ".keras", ".h5", ".pdf", ".md", ".IPYNB"])
def test_a_single_file_is_copied_and_its_name_does_not_count(tmp_path, suffix):
    for name in ("group 1", "group 2"):
        (tmp_path / f"{name}{suffix}").write_bytes(b"work")
    first = receive(tmp_path / f"group 1{suffix}", tmp_path / "1")
    second = receive(tmp_path / f"group 2{suffix}", tmp_path / "2")
    assert contents(first.folder) == {f"group 1{suffix}": b"work"}
    assert first.sha256 == second.sha256
    assert first.name == "group_1"


def test_moving_a_boundary_between_name_and_content_changes_the_hash(tmp_path):
    one = receive(make_folder(tmp_path / "1", {"ab.py": b"", "c.py": b"x"}), tmp_path / "i1")
    two = receive(make_folder(tmp_path / "2", {"a.py": b"", "bc.py": b"x"}), tmp_path / "i2")
    assert one.sha256 != two.sha256


DROPPINGS = {
    "__MACOSX/._report.ipynb": b"x",
    ".DS_Store": b"x",
    "src/._net.py": b"x",
    ".ipynb_checkpoints/report-checkpoint.ipynb": b"x",
    "src/__pycache__/net.cpython-311.pyc": b"x",
    ".git/config": b"x",
    "myenv/pyvenv.cfg": b"x",
    "myenv/lib/thing.py": b"x",
    ".venv/lib/thing.py": b"x",
}


@pytest.mark.parametrize("form", ["folder", "zip", "tar"])
def test_droppings_are_left_out_and_listed(tmp_path, form):
    make = {"folder": make_folder, "zip": make_zip, "tar": make_tar}[form]
    path = make(tmp_path / ("work" if form == "folder" else f"work.{form}"), WORK | DROPPINGS)
    submission = receive(path, tmp_path / "into")
    assert contents(submission.folder) == WORK
    folders = {"__MACOSX/", ".ipynb_checkpoints/", "src/__pycache__/", ".git/", "myenv/", ".venv/"}
    assert set(submission.ignored) == folders | {".DS_Store", "src/._net.py"}


def test_one_folder_in_an_archive_is_flattened_once(tmp_path):
    path = make_zip(tmp_path / "w.zip", {"a/b/x.py": b"", "a/y.py": b"", "__MACOSX/a/._y.py": b""})
    assert set(contents(receive(path, tmp_path / "into").folder)) == {"b/x.py", "y.py"}


def test_an_empty_folder_is_a_submission_of_nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    assert receive(tmp_path / "empty", tmp_path / "into").files == ()


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_files_arrive_readable_and_not_executable(tmp_path):
    path = make_zip(tmp_path / "w.zip", {"d/run.py": b"", "x": b""}, mode=0o104777)
    folder = receive(path, tmp_path / "into").folder
    assert (folder / "d/run.py").stat().st_mode & 0o7777 == 0o644
    assert (folder / "d").stat().st_mode & 0o7777 == 0o755
    assert folder.stat().st_mode & 0o7777 == 0o755


# --- what is the caller's fault ---------------------------------------------------------------------------


def test_a_missing_path(tmp_path):
    with pytest.raises(IntakeUsageError, match="does not exist"):
        receive(tmp_path / "nothing.zip", tmp_path / "into")


def test_into_that_is_not_empty_or_within_the_submission(tmp_path):
    folder = make_folder(tmp_path / "work", WORK)
    with pytest.raises(IntakeUsageError, match="not an empty folder"):
        receive(folder, tmp_path)
    with pytest.raises(IntakeUsageError, match="within the submission"):
        receive(folder, folder / "into")


# --- properties -------------------------------------------------------------------------------------------


@given(st.text(max_size=120).filter(lambda text: "/" not in text and "\0" not in text))
def test_clean_names_are_safe_everywhere(text):
    try:
        name = clean_name(Path("/nowhere") / f"{text}.zip")
    except (UnicodeEncodeError, OSError):
        return  # no such path can exist
    assert name
    assert len(name) <= 81
    assert all(char.isalnum() or char in "._-" for char in name)
    assert name[0] != "."
    assert name[-1] != "."
    assert unicodedata.normalize("NFC", name) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Group 7 (late).tar.gz", "Group_7_late"),
        ("con.zip", "_con"),
        ("AUX.foo.zip", "_AUX.foo"),
        ("COM¹.zip", "_COM¹"),
        ("...zip", "submission"),
        ("Gruppe Ü.ipynb", "Gruppe_Ü"),
        ("<script>.py", "script"),
    ],
)
def test_names(path, name):
    assert clean_name(Path("/nowhere") / path) == name


@given(st.text(min_size=1, max_size=40))
def test_any_name_in_an_archive_stays_inside_or_is_refused(tmp_path_factory, name):
    tmp_path = tmp_path_factory.mktemp("names")
    for make, suffix in ((make_zip, "zip"), (make_tar, "tar")):
        try:
            path = make(tmp_path / f"w.{suffix}", {name: b"x"})
        except (ValueError, tarfile.TarError):
            continue  # the writer itself refused
        into = tmp_path / f"into-{suffix}"
        try:
            submission = receive(path, into)
        except IntakeRefused:
            assert not into.exists()
            continue
        assert len(contents(into)) == len(submission.files)
    assert {path.name for path in tmp_path.iterdir()} <= {"w.zip", "w.tar", "into-zip", "into-tar"}


@given(st.data())
def test_a_damaged_archive_is_read_or_refused(tmp_path_factory, data):
    tmp_path = tmp_path_factory.mktemp("damage")
    suffix = data.draw(st.sampled_from(["zip", "tar", "tar.gz"]))
    path = tmp_path / f"w.{suffix}"
    if suffix == "zip":
        make_zip(path, WORK)
    else:
        make_tar(path, WORK, "w:gz" if suffix == "tar.gz" else "w")
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    try:
        receive(path, tmp_path / "into")
    except IntakeRefused:
        assert not (tmp_path / "into").exists()


def test_what_harness_check_wrote_is_no_part_of_the_hand_in(tmp_path):
    """Checking a folder twice must see the same hand-in."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "submission.py").write_text("x = 1\n")
    before = receive(tmp_path / "in", tmp_path / "first").sha256
    (tmp_path / "in" / "graded" / "in").mkdir(parents=True)
    (tmp_path / "in" / "graded" / "in" / "result.json").write_text("{}")
    again = receive(tmp_path / "in", tmp_path / "second")
    assert again.sha256 == before
    assert [file.name for file in again.files] == ["submission.py"]
