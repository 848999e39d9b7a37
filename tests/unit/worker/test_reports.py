"""Reports as PDF: their text comes out, and a broken, endless or huge one costs nothing but itself."""

import re

import pytest
from pdf import document, pdf, stream

from harness.worker import reports
from harness.worker.reports import read_report, read_reports

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
GOOD = pdf(["Assignment 7", "Group 12"], ["1. Preprocessing", "Divided by 255 – (ok)"], title="Neural nets")


def page(contents: int) -> bytes:
    font = "/Resources << /Font << /F1 3 0 R >> >>"
    return f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents {contents} 0 R {font} >>".encode()


def read(tmp_path, data, **options):
    path = tmp_path / "report.pdf"
    path.write_bytes(data)
    return read_report(path, "report.pdf", **options)


def test_text_comes_a_page_at_a_time(tmp_path):
    report = read(tmp_path, GOOD)
    assert (report.pages, report.title, report.author, report.problem) == (2, "Neural nets", "", None)
    assert [(str(passage.where), passage.text) for passage in report.passages] == [
        ("report.pdf, page 1", "Assignment 7\nGroup 12"),
        ("report.pdf, page 2", "1. Preprocessing\nDivided by 255 – (ok)"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        GOOD.replace(b"startxref\n", b"startxref\n9"),  # the table is not where the file says
        GOOD.replace(b"0000000009", b"0000000099"),  # an object is not where the table says
        GOOD.replace(b"/Count 2", b"/Count 99999999"),
        b"before the beginning" + GOOD,
    ],
)
def test_what_can_be_mended_is_read(tmp_path, data):
    report = read(tmp_path, data)
    assert (report.pages, len(report.passages)) == (2, 2)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0garbage" * 500,
        GOOD[: len(GOOD) // 3],
        document([CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]),  # a page tree that contains itself
        document([CATALOG, b"<< /Type /Pages /Kids " + b"[" * 100_000 + b"] /Count 1 >>"]),
        document([CATALOG, b"<< /Type /Pages /Kids [" + b"3 0 R " * 1_000_000 + b"] /Count 1000000 >>", page(4)]),
    ],
    ids=["empty", "garbage", "cut", "cycle", "nested", "a million pages"],
)
def test_what_is_no_pdf_is_an_error_in_a_plain_sentence(tmp_path, data):
    (tmp_path / "report.pdf").write_bytes(data)
    (report,), (error,) = read_reports(tmp_path)
    assert (report.pages, report.passages) == (0, ())
    assert report.problem == error.message
    assert error.message.startswith("The report could not be read: ")
    assert (error.kind, error.where.file, error.type) == ("error", "report.pdf", "UnreadableFileError")


def test_a_protected_report_says_so(tmp_path):
    key = "(01234567890123456789012345678901)"
    extra = f" /Encrypt << /Filter /Standard /V 1 /R 2 /O {key} /U {key} /P -4 >> /ID [(a)(b)]"
    report = read(tmp_path, pdf(["secret"], extra=extra))
    assert report.problem == (
        "The report could not be read: it is protected by a password. Hand it in without one."
    )


def test_only_the_first_hundred_pages_are_read(tmp_path):
    report = read(tmp_path, pdf(*[[f"page {number}"] for number in range(130)]))
    assert (report.pages, len(report.passages)) == (130, 100)
    assert report.problem == "Only the first 100 of 130 pages were read."


def test_a_stream_that_inflates_costs_its_page(tmp_path):
    pages = b"<< /Type /Pages /Kids [4 0 R 5 0 R] /Count 2 >>"
    bomb = stream(b"(a) Tj " * 20_000_000)
    report = read(
        tmp_path, document([CATALOG, pages, FONT, page(6), page(7), stream(b"BT /F1 9 Tf (ok) Tj ET"), bomb])
    )
    assert [passage.text for passage in report.passages] == ["ok"]
    assert report.problem == "1 of 2 pages could not be read."


def test_what_was_read_before_the_time_ended_is_kept(tmp_path):
    pages = b"<< /Type /Pages /Kids [4 0 R 5 0 R 5 0 R] /Count 3 >>"
    endless = stream(b"BT /F1 9 Tf " + b"(a) Tj " * 3_000_000 + b"ET")
    first = stream(b"BT /F1 9 Tf (Task 1) Tj ET")
    report = read(tmp_path, document([CATALOG, pages, FONT, page(6), page(7), first, endless]), seconds=4)
    assert [passage.text for passage in report.passages] == ["Task 1"]
    # The second page may have begun when the time ended; the third never ends.
    assert re.fullmatch(
        "Only the first [12] of 3 pages were read; reading them all took too long.", report.problem or ""
    )


def test_pages_without_text_are_said_to_be_pictures(tmp_path):
    report = read(tmp_path, pdf([], []))
    assert (report.pages, report.passages) == (2, ())
    assert report.problem == "No text was found in it: its pages may be pictures."


def test_a_page_and_a_report_are_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(reports, "MAX_PAGE_TEXT", 6)
    monkeypatch.setattr(reports, "MAX_TEXT", 9)
    (tmp_path / "report.pdf").write_bytes(GOOD)
    found = list(reports._read(str(tmp_path / "report.pdf")))
    assert [message["text"] for message in found[1:]] == ["Assign", "1. "]


def test_ligatures_and_half_characters_are_mended():
    assert reports._clean("the ﬁrst ﬂow\0\ud800") == "the first flow?"


def test_other_documents_are_named_and_the_rest_is_passed_over(tmp_path):
    for name in ("report.docx", "notebook.ipynb", "sub/report.PDF"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(GOOD)
    found, errors = read_reports(tmp_path)
    assert [(report.file, report.pages) for report in found] == [("report.docx", 0), ("sub/report.PDF", 2)]
    assert "not read here" in found[0].problem
    assert errors == ()


def test_no_more_than_a_few_reports_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reports, "MAX_REPORTS", 1)
    monkeypatch.setattr(reports, "ALL_SECONDS", 0.0)
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(GOOD)
    (report,), (error,) = read_reports(tmp_path)
    assert (report.file, error.message.split(".")[0]) == (
        "a.pdf",
        "The report could not be read: there was no time left for it",
    )
