"""What commands of the command line share: their options, and an error's way to a sentence and an exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

if TYPE_CHECKING:
    from harness.assignment import Assignment

T = TypeVar("T")
DEFAULT_ASSIGNMENT = "dat405_a7"

AssignmentOption = Annotated[str, typer.Option(help="Id of an installed assignment, or the folder of one.")]
DataOption = Annotated[
    Literal["auto", "mnist", "fashion_mnist", "digits"],
    typer.Option(
        help="Data to train and measure on; auto is the assignment's own, or digits where that cannot be had."
    ),
]
ProfileOption = Annotated[Literal["quick", "full"], typer.Option(help="quick is a forecast, full is for marks.")]
DeviceOption = Annotated[Literal["auto", "cpu", "gpu"], typer.Option(help="Where to train.")]
JobsOption = Annotated[
    int | None, typer.Option(min=1, help="Processes on this machine; by default as many as it has room for.")
]
SchedulerOption = Annotated[
    str, typer.Option(metavar="ADDRESS", help="A dask scheduler, whose workers are used in place of this machine.")
]
ClassOption = Annotated[
    bool | None,
    typer.Option(
        "--class/--no-class",
        help="The one path is a folder with a hand-in in each of its files or folders; what Canvas and GitHub "
        "Classroom give is known without.",
    ),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="TASK=FITS",
        help='Which fits answer a task: 2C=fit-3 or "group 7:2C=cell 14", or a matches.csv, gone through.',
    ),
]
ConfigOption = Annotated[
    Path | None, typer.Option(help="Settings with such matches; harness.toml of this folder, where there is one.")
]
NameArgument = Annotated[str, typer.Argument(help="Name of a hand-in, as its folder in the results is called.")]
GradedOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="The folder that `harness grade` wrote; this folder, or `graded` in it, by default.",
    ),
]
"""To be read by `harness.graded.found`."""
AuthorOption = Annotated[
    str | None,
    typer.Option("--by", help="Who decides; $HARNESS_AUTHOR, git's user.name or the login name by default."),
]
CacheOption = Annotated[
    bool,
    typer.Option("--cache/--no-cache", help="Use and keep what was recorded, trained, measured and drawn."),
]
CacheSizeOption = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE", help="How large the cache may be, as 5GiB or 500MB; by default $HARNESS_CACHE_SIZE."
    ),
]


def load(name: str) -> Assignment:
    from harness.assignment import load

    return load(name)


def cache_folder(wanted: bool) -> Path | None:
    from harness.store import Store

    return Store.default_folder() if wanted else None


def cache_limit(size: str | None) -> int:
    from harness.store import Store, parse_size

    return Store.default_limit() if size is None else parse_size(size)


def guarded(run: Callable[[], T]) -> T:
    """What `run` gives; an error becomes a sentence and an exit code, never a traceback."""
    from harness import terminal

    try:
        return run()
    except KeyboardInterrupt:
        terminal.error(
            "stopped",
            "Stopped by Ctrl-C. Results that were written stay; `harness grade … --resume` does the rest.",
        )
        raise typer.Exit(130) from None
    except Exception as error:
        raise typer.Exit(terminal.show_error(error)) from None
