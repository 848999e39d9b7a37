"""What a TA downloads: Canvas's zip, GitHub Classroom's repositories, a plain folder. All of it may be hostile."""

import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.downloads import Download, DownloadError, canvas, names, read, recognise, save, saved
from harness.intake import receive
from harness.unpacking import Entry, IntakeLimits, IntakeRefused

FIXTURES = Path(__file__).parent.parent / "fixtures"
LINK = (FIXTURES / "canvas_link.html").read_bytes()


def listed(fixture: str) -> list[str]:
    lines = (FIXTURES / fixture).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def packed(**files: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return data.getvalue()


def content(name: str) -> bytes:
    if name.endswith("_link.html"):
        return LINK
    if name.endswith(".zip"):
        return packed(assignment7__ipynb=b"{}", helper__py=b"x = 1")
    return name.encode()


def canvas_zip(path: Path, entries: dict[str, bytes] | list[str]) -> Path:
    files = entries if isinstance(entries, dict) else {name: content(name) for name in entries}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def class_of_seven(tmp_path) -> Download:
    return read(canvas_zip(tmp_path / "submissions.zip", listed("canvas_submissions.txt")), tmp_path / "in")


# --- Canvas's zip


def test_files_of_one_student_are_one_hand_in(class_of_seven):
    assert class_of_seven.kind == "canvas"
    assert [one.name for one in class_of_seven.hand_ins] == [
        "andersonmaya_4101", "bergnils_4102", "cederlundåsa_4103", "dahlerik_4104", "ekfrida_4105", "group12_4106",
        "hansenliv_4107",
    ]  # fmt: skip
    maya = class_of_seven.by_name()["andersonmaya_4101"]
    assert (maya.title, maya.user, maya.late, maya.problem) == ("andersonmaya", "4101", False, None)
    assert sorted(path.name for path in maya.path.iterdir()) == ["assignment7.ipynb", "report.pdf"]
    assert [upload.attachment for upload in maya.uploads] == ["88001", "88002"]


def test_late_is_seen_and_is_no_part_of_the_name(class_of_seven):
    assert [one.name for one in class_of_seven.hand_ins if one.late] == ["bergnils_4102", "ekfrida_4105"]


def test_underscores_and_digits_in_a_file_s_name_stay(class_of_seven):
    upload = class_of_seven.by_name()["cederlundåsa_4103"].uploads[0]
    assert (upload.name, upload.attachment) == ("my_net_2.ipynb", "88020")


def test_the_latest_version_counts_and_all_are_listed(class_of_seven):
    liv = class_of_seven.by_name()["hansenliv_4107"]
    assert [(upload.name, upload.version, upload.counts) for upload in liv.uploads] == [
        ("assignment7.ipynb", 0, False),
        ("assignment7-1.ipynb", 1, False),
        ("assignment7-2.ipynb", 2, True),
    ]
    assert [path.name for path in liv.path.iterdir()] == ["assignment7-2.ipynb"]
    assert len(liv.notes) == 2
    assert all("set aside" in note for note in liv.notes)


def test_a_version_alone_counts(class_of_seven):
    nils = class_of_seven.by_name()["bergnils_4102"]
    assert [(upload.version, upload.counts) for upload in nils.uploads] == [(1, True)]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("lab.ipynb", ("lab.ipynb", 0)),
        ("lab-1.ipynb", ("lab.ipynb", 1)),
        ("lab-12.tar.gz", ("lab.tar.gz", 12)),
        ("lab-2024.ipynb", ("lab-2024.ipynb", 0)),
        ("lab-2", ("lab", 2)),
        ("-1.ipynb", ("-1.ipynb", 0)),
    ],
)
def test_which_number_is_a_version(file, expected):
    assert names.version(file) == expected


def test_a_bare_link_is_said_to_both(class_of_seven):
    erik = class_of_seven.by_name()["dahlerik_4104"]
    assert erik.problem is not None
    assert "https://colab.research.google.com/drive/1aBcD?usp=sharing&hl=en" in erik.problem
    assert "Download .ipynb" in erik.problem
    assert any("nothing to grade" in note for note in erik.notes)
    assert not erik.path.exists()


def test_text_typed_into_canvas_is_no_hand_in(class_of_seven):
    assert "text typed into Canvas" in (class_of_seven.by_name()["ekfrida_4105"].problem or "")


@pytest.mark.parametrize(
    ("page", "address"),
    [
        (LINK, "https://colab.research.google.com/drive/1aBcD?usp=sharing&amp;hl=en"),
        (b'<p>here: <a href="https://colab.example/x">my work</a></p>', "https://colab.example/x"),
        (b"<p>no link</p> href=javascript:alert(1)", None),
        (b"\xff" * 100_000, None),
    ],
)
def test_where_a_page_leads_to(page, address):
    assert names.link(page) == address


def test_downloads_of_some_years_ago():
    assert names.parse("doejane_late_12_34_x.py") == names.CanvasName("doejane", "12", "34", "x.py", late=True)


def test_an_archive_alone_is_unpacked_in_place(class_of_seven):
    group = class_of_seven.by_name()["group12_4106"]
    assert sorted(path.name for path in group.path.iterdir()) == ["assignment7.ipynb", "helper.py"]


def test_an_archive_among_others_gets_a_folder(tmp_path):
    archive = packed(helper__py=b"x = 1")
    path = canvas_zip(tmp_path / "s.zip", {"doe_1_2_code.zip": archive, "doe_1_3_lab.ipynb": b"{}"})
    folder = read(path, tmp_path / "in").hand_ins[0].path
    found = sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())
    assert found == ["code/helper.py", "lab.ipynb"]


def test_each_hand_in_is_taken_by_intake(class_of_seven, tmp_path):
    for one in class_of_seven.hand_ins:
        if one.problem is None:
            assert receive(one.path, tmp_path / "received" / one.name).name == one.name


def test_anonymous_hand_ins(tmp_path):
    path = canvas_zip(tmp_path / "s.zip", listed("canvas_submissions_anonymous.txt"))
    found = read(path, tmp_path / "in").hand_ins
    assert [(one.name, one.user, one.late, one.anonymous) for one in found] == [
        ("anon_Ab3xY", "Ab3xY", False, True),
        ("anon_mM2kk", "mM2kk", False, True),
        ("anon_q9ZzT", "q9ZzT", True, True),
    ]
    assert len(found[2].uploads) == 2


def test_a_folder_that_the_zip_was_unpacked_into_is_the_same(tmp_path, class_of_seven):
    folder = tmp_path / "unpacked"
    folder.mkdir()
    for name in listed("canvas_submissions.txt"):
        (folder / name).write_bytes(content(name))
    (folder / ".DS_Store").write_bytes(b"x")
    again = read(folder, tmp_path / "again")
    assert again.model_dump() == class_of_seven.model_dump()


# --- what students can do to the download


def test_one_student_s_damage_is_that_student_s(tmp_path):
    path = canvas_zip(
        tmp_path / "s.zip",
        {
            "bad_1_2_work.zip": b"no zip at all",
            "bomb_2_3_zeros.h5": bytes(5_000_000),
            "far_3_4_up.zip": packed(**{"../../up": b"x"}),
            "good_4_5_lab.ipynb": b"{}",
        },
    )
    found = read(path, tmp_path / "in", IntakeLimits(file_bytes=1_000_000)).by_name()
    assert "is not a .zip" in (found["bad_1"].problem or "")
    assert "5.0 MB" in (found["bomb_2"].problem or "")
    assert "leaves its folder" in (found["far_3"].problem or "")
    assert found["good_4"].problem is None
    assert sorted(each.name for each in (tmp_path / "in").iterdir()) == ["good_4"]


def test_a_file_that_is_longer_than_it_said_is_refused(tmp_path):
    longer = Entry("doe_1_2_x.py", "file", 10, lambda: io.BytesIO(bytes(1_000)))
    ((hand_in,), _) = canvas.collect([longer], tmp_path / "in", IntakeLimits(file_bytes=100))
    assert "more bytes than it said" in (hand_in.problem or "")
    assert list((tmp_path / "in").iterdir()) == []


@pytest.mark.parametrize(
    "entry",
    ["../../doe_1_2_x.ipynb", "/doe_1_2_x.ipynb", "doe_1_2_..", "doe_1_2_con.py", "doe_1_2_a\x1b[31m\u202eb.ipynb",
     "doe_1_2_" + "ö" * 150 + ".ipynb", "..__1_2_x.py", "submissions/doe_1_2_x.py", "a.b_1_2_x.py", "_1_2_x.py"],
)  # fmt: skip
def test_names_stay_within_the_folder(tmp_path, entry):
    path = canvas_zip(tmp_path / "s.zip", {entry: b"1"})
    hand_in = read(path, tmp_path / "in").hand_ins[0]
    files = [each for each in (tmp_path / "in").rglob("*") if each.is_file()]
    assert [each.parent.parent for each in files] == [tmp_path / "in"]
    assert receive(hand_in.path, tmp_path / "received").files
    assert sorted(each.name for each in tmp_path.iterdir()) == ["in", "received", "s.zip"]


def test_names_that_one_system_takes_for_equal_are_told_apart(tmp_path):
    path = canvas_zip(tmp_path / "s.zip", {"doe_1_2_Lab.py": b"1", "doe_1_3_lab.py": b"2", "DOE_4_5_x.py": b"3"})
    found = read(path, tmp_path / "in")
    assert [one.name for one in found.hand_ins] == ["doe_1", "DOE_4"]
    assert len({name.name.casefold() for name in found.hand_ins[0].uploads}) == 2


def test_what_is_no_hand_in_is_named(tmp_path):
    path = canvas_zip(
        tmp_path / "s.zip",
        {"doe_1_2_x.py": b"1", "roe_2_3_x.py": b"2", "notes.txt": b"", "__MACOSX/._doe_1_2_x.py": b""},
    )
    assert read(path, tmp_path / "in").notes == (
        "'notes.txt' is not named as Canvas names files, and was passed over.",
    )


@pytest.mark.skipif(os.name == "nt", reason="making a link needs rights there")
def test_links_in_a_folder_are_not_followed(tmp_path):
    folder = tmp_path / "unpacked"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    (folder / "doe_1_2_x.py").write_text("1")
    (folder / "eve_2_3_x.py").symlink_to(tmp_path / "secret")
    assert [one.name for one in read(folder, tmp_path / "in").hand_ins] == ["doe_1"]
    plain = tmp_path / "plain"
    (plain / "group").mkdir(parents=True)
    (plain / "elsewhere").symlink_to(tmp_path)
    found = read(plain, tmp_path / "in")
    assert [one.name for one in found.hand_ins] == ["group"]
    assert found.notes == ("'elsewhere' is a link, and was passed over.",)


@given(st.text(max_size=60))
def test_any_name_is_read_or_passed_over(text):
    found = names.parse(text)
    assert found is None or found.user
    assert receive_name(names.storable(text))


def receive_name(name: str) -> bool:
    return (
        0 < len(name) <= 130
        and "/" not in name
        and "\\" not in name
        and name not in (".", "..")
        and name.isprintable()
    )


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.sampled_from(["a.ipynb", "b_1_2.py"]), st.booleans())
def test_what_canvas_writes_is_read_back(user, attachment, file, late):
    found = names.parse(f"doejane_{'LATE_' * late}{user}_{attachment}_{file}")
    assert found == names.CanvasName("doejane", str(user), str(attachment), file, late)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 255)), max_size=8), st.integers(0, 300))
def test_a_damaged_download_is_read_or_refused(tmp_path_factory, changes, cut):
    """Whatever byte is wrong: hand-ins, or the module's own errors, and nothing outside the folder."""
    home = tmp_path_factory.mktemp("damaged")
    path = canvas_zip(home / "s.zip", listed("canvas_submissions.txt"))
    data = bytearray(path.read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    path.write_bytes(bytes(data[: len(data) - cut]))
    try:
        found = read(path, home / "in")
    except (IntakeRefused, DownloadError):
        return
    assert all(one.problem is None or not one.path.exists() for one in found.hand_ins)
    assert {each.name for each in home.iterdir()} <= {"s.zip", "in"}


# --- other downloads


def test_repositories_of_github_classroom(tmp_path):
    folder = tmp_path / "lab7-submissions"
    for student in ("lab7-mona", "lab7-octo-cat"):
        (folder / student / ".git").mkdir(parents=True)
        (folder / student / "lab.ipynb").write_text("{}")
    found = read(folder, tmp_path / "in")
    assert (found.kind, [one.name for one in found.hand_ins]) == ("github_classroom", ["mona", "octo-cat"])
    assert found.hand_ins[0].path == folder / "lab7-mona"


def test_a_plain_folder(tmp_path):
    folder = tmp_path / "class"
    (folder / "group 1").mkdir(parents=True)
    for name in ("group_2.zip", "group-3.ipynb", "GROUP-3.py", "README.md", "roster.csv", ".hidden"):
        (folder / name).write_text("x")
    found = read(folder, tmp_path / "in")
    assert found.kind == "folder"
    assert [one.name for one in found.hand_ins] == ["GROUP-3", "group_1", "group-3-2", "group_2"]
    assert len(found.notes) == 2


@pytest.mark.parametrize("name", ["work.zip", "lab.ipynb", "missing.zip", "empty"])
def test_what_is_no_download_is_said(tmp_path, name):
    if name == "work.zip":
        canvas_zip(tmp_path / name, {"lab.ipynb": b"{}", "helper.py": b""})
    elif name == "lab.ipynb":
        (tmp_path / name).write_text("{}")
    elif name == "empty":
        (tmp_path / name).mkdir()
    with pytest.raises(DownloadError, match=name):
        read(tmp_path / name, tmp_path / "in")


def test_a_damaged_zip_is_refused(tmp_path):
    (tmp_path / "s.zip").write_bytes(b"PK\3\4 nothing")
    with pytest.raises(IntakeRefused):
        recognise(tmp_path / "s.zip")


# --- the list beside the results


def test_the_list_is_saved_without_paths_of_this_machine(tmp_path, class_of_seven):
    assert saved(tmp_path) is None
    save(class_of_seven, tmp_path)
    text = (tmp_path / "hand_ins.json").read_text(encoding="utf-8")
    assert os.fspath(tmp_path) not in text
    assert saved(tmp_path) == Download.model_validate(json.loads(text))
    (tmp_path / "hand_ins.json").write_text("{")
    with pytest.raises(DownloadError, match="damaged"):
        saved(tmp_path)
