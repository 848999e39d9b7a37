"""A line, and an error in the words of whose fault it is. What is longer is in `showing` and `bars`."""

from __future__ import annotations

import tempfile
import traceback

from rich.console import Console
from rich.markup import escape

from harness.text import for_terminal


def say(text: str) -> None:
    """One line."""
    Console().print(escape(text), soft_wrap=True)


def error(word: str, text: str) -> None:
    """A fault on standard error: whose it is, and what to do."""
    Console(stderr=True).print(f"[bold red]{word}:[/] {escape(for_terminal(text, 2_000))}", soft_wrap=True)


def show_error(fault: Exception) -> int:
    """Print an error in the words of whose fault it is; gives the exit code."""
    word, text, code = fault_of(fault)
    error(word, text)
    return code


def fault_of(fault: Exception) -> tuple[str, str, int]:
    """Whose fault an error is, in a word and in words, and the exit code. No traceback is told: one of ours goes to
    a file, whose name is."""
    from harness.assignment import AssignmentError
    from harness.bench import NotIsolated
    from harness.complaints.bundle import BundleError
    from harness.datasets import DatasetError
    from harness.downloads import DownloadError
    from harness.graded import GradedError
    from harness.intake import IntakeRefused, IntakeUsageError
    from harness.journal import OutputInUse
    from harness.lanes import LanesError
    from harness.mapping import MappingError
    from harness.marking.store import MarksError
    from harness.near import UnknownName
    from harness.plugin import ChecksFailed
    from harness.regrade import RegradeError
    from harness.store import CacheUsageError
    from harness.training.process import DeviceUnavailable

    if isinstance(fault, IntakeRefused):
        return "refused", str(fault), 1
    usage = (AssignmentError, NotIsolated, DatasetError, DownloadError, IntakeUsageError, DeviceUnavailable)
    of_a_folder = (GradedError, MappingError, MarksError, RegradeError, CacheUsageError, OutputInUse, LanesError)
    if isinstance(fault, (*usage, *of_a_folder, UnknownName, BundleError)):
        return "usage", str(fault), 2
    if isinstance(fault, ChecksFailed):
        return "usage", f"The checks of the assignment cannot be run: {fault}", 2
    if isinstance(fault, OSError) and fault.filename is not None:
        return "usage", f"{fault.filename}: {fault.strerror}", 2
    with tempfile.NamedTemporaryFile(
        "w", suffix=".txt", prefix="harness-fault-", delete=False, encoding="utf-8"
    ) as file:
        file.write("".join(traceback.format_exception(fault)))
    text = f"{type(fault).__name__}: {fault}. This is our fault; the details are in {file.name}"
    return "harness fault", text, 3
