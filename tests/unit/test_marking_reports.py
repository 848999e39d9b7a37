"""Reports on the marking page: the file that was graded, as it is, and nothing else."""

import hashlib
import zipfile

import pytest
from unit.marking_sample import a_hand_in, served, write_class

from harness.intake import IntakeUsageError
from harness.marking.reports import Reports
from harness.results import SubmissionFacts, SubmittedFile

PDF = b"%PDF-1.7\nnot much of one\n%%EOF\n"


def graded(out, name="group-01", data=PDF, file="report.pdf"):
    """An output folder with one hand-in whose report has these bytes."""
    listed = SubmittedFile(name=file, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    facts = SubmissionFacts(name=name, sha256="a" * 64, files=(listed,))
    return write_class(out, a_hand_in(name, submission=facts))


def handed_in(folder, data=PDF, name="group-01"):
    """The hand-in as it was handed in: a zip."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}.zip", "w") as packed:
        packed.writestr("report.pdf", data)
        packed.writestr("work.py", "print('hello')\n")
    return folder / f"{name}.zip"


@pytest.fixture
def out(tmp_path):
    return graded(tmp_path / "out")


def test_the_report_is_shown_as_it_is_at_the_page_of_the_answer(tmp_path, out):
    with served(out, reports=Reports([handed_in(tmp_path / "in")], None)) as page:
        assert 'data-report="/report/group-01/0"' in page.ask("/api/question/2B/group-01").json["html"]
        answer = page.ask("/report/group-01/0")
    assert (answer.status, answer.body) == (200, PDF)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_hand_ins_of_a_class_are_found_by_their_names(tmp_path, out):
    handed_in(tmp_path / "in")
    handed_in(tmp_path / "in", b"another", "group-02")
    with served(out, reports=Reports([tmp_path / "in"], True)) as page:
        assert page.ask("/report/group-01/0").body == PDF


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (PDF + b" ", "group-01", "not the file that was graded"),
        (PDF, "group-07", "none of this name"),
    ],
)
def test_another_file_is_not_shown(tmp_path, out, data, name, words):
    with served(out, reports=Reports([handed_in(tmp_path / "in", data, name)], None)) as page:
        answer = page.ask("/report/group-01/0")
    assert answer.status == 404
    assert words in answer.json["words"]


def test_what_is_no_pdf_is_not_served_as_one(tmp_path):
    page_ = b"<script>alert(1)</script>"
    out = graded(tmp_path / "out", data=page_)
    with served(out, reports=Reports([handed_in(tmp_path / "in", page_)], None)) as page:
        answer = page.ask("/report/group-01/0")
    assert answer.status == 404
    assert b"alert" not in answer.body


@pytest.mark.parametrize("number", ["1", "99999999999999999999", "-1", "x"])
def test_a_report_that_is_not_there_is_not_found(tmp_path, out, number):
    with served(out, reports=Reports([handed_in(tmp_path / "in")], None)) as page:
        assert page.ask(f"/report/group-01/{number}").status == 404


def test_a_path_out_of_the_hand_in_leads_nowhere(tmp_path):
    out = graded(tmp_path / "out", file="../secret.pdf")
    reports = Reports([handed_in(tmp_path / "in")], None)
    (reports._folder / "secret.pdf").write_bytes(PDF)  # beside what is unpacked
    with served(out, reports=reports) as page:
        assert page.ask("/report/group-01/0").status == 404


def test_where_names_are_hidden_no_report_is_shown(tmp_path, out):
    with served(out, hidden=True, reports=Reports([handed_in(tmp_path / "in")], None)) as page:
        key = page.ask("/question/2B").body.decode().split('"key": "')[1].split('"')[0]
        assert page.ask(f"/report/{key}/0").status == 404
        assert "it names its authors" in page.ask(f"/api/question/2B/{key}").json["html"]


def test_a_path_that_is_not_there_is_whoevers_fault_who_named_it(tmp_path):
    with pytest.raises(IntakeUsageError):
        Reports([tmp_path / "nowhere"], None)


def test_what_was_unpacked_is_removed(tmp_path, out):
    reports = Reports([handed_in(tmp_path / "in")], None)
    with served(out, reports=reports) as page:
        page.ask("/report/group-01/0")
        folder = reports._folder
        assert folder.exists()
    assert not folder.exists()
