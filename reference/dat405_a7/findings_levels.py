"""Findings of tasks 4B and 4C: what loops over noise levels do, and which shape of images the noise is put on."""

import ast
import re
from collections.abc import Iterator

from harness import source
from harness.evidence import Evidence, Network
from harness.recording import CellError, Finding, Where
from harness.source import Code

_LEVEL = re.compile(r"level|noise|lvl|intensit", re.I)
_NOISE = re.compile(r"^(?![A-Z])(?i:.{0,60}(?:salt|pepper|season|noise|noisy))")  # a function, not a class
_IMAGES_FOR_784 = re.compile(r"expected shape=\(None, 784\), found shape=\((?:None|\d+), 28, 28(?:, 1)?\)")
_UNPACKED = re.compile(r"too many values to unpack|not enough values to unpack|too many indices|index out of range")


def find(evidence: Evidence) -> Iterator[Finding]:
    """What the code and the networks show of noise."""
    codes = source.read(evidence.recording.sources)
    loops = list(_level_loops(codes))
    for call, place, uses in loops:
        if not uses:
            yield Finding(
                code="noise-level-unused", task="4B", where=place,
                message=f"The loop over noise levels calls `{call}` without the level: the noise never changes.",
            )  # fmt: skip
    yield from _retrained(evidence, [place for _, place, _ in loops])
    yield from _shape(evidence, codes)


# --- levels


def _level_loops(codes: tuple[Code, ...]) -> Iterator[tuple[str, Where, bool]]:
    """Loops over noise levels that call a noise function: its name, a place, and whether a call uses the level."""
    read = _read_by_functions(codes)
    for code in codes:
        for loop in source.in_order(code.tree, ast.For):
            over = " ".join(source.names(loop.target) | source.names(loop.iter))
            calls = [node for node in source.in_order(loop, ast.Call) if _NOISE.search(source.called(node))]
            if not calls or not _LEVEL.search(over):
                continue
            changing = _depending(loop)
            uses = any(changing & (source.names(call) | read.get(source.called(call), set())) for call in calls)
            yield source.called(calls[0]), code.at(loop if uses else calls[0]), uses


def _read_by_functions(codes: tuple[Code, ...]) -> dict[str, set[str]]:
    """What the functions of a name take from outside, roughly: the names in their body, less their parameters."""
    read: dict[str, set[str]] = {}
    for code in codes:
        for function in source.in_order(code.tree, ast.FunctionDef):
            inside = {name for node in function.body for name in source.names(node)}
            read.setdefault(function.name, set()).update(inside - {one.arg for one in function.args.args})
    return read


def _depending(loop: ast.For) -> set[str]:
    """The names of a loop that change with it: its target, and what is assigned from it."""
    changing = source.names(loop.target)
    for _ in range(3):
        for node in ast.walk(loop):
            if isinstance(node, ast.Assign) and changing & source.names(node.value):
                changing |= {name for target in node.targets for name in source.names(target)}
            if isinstance(node, ast.For) and changing & source.names(node.iter):
                changing |= source.names(node.target)
    return changing


def _retrained(evidence: Evidence, loops: list[Where]) -> Iterator[Finding]:
    """Several fresh classifiers on images of different noise: their curves compare networks and not images."""
    noisy = [network for network in _all(evidence) if network.classifier and network.fresh]
    noisy = [network for network in noisy if _made_noisy(network)]
    means = {
        (round(x.mean or 0, 4), x.derived and x.derived.model) for network in noisy if (x := network.record.data.x)
    }
    denoised = [network for network in noisy if network.record.data.x.derived is not None]
    if len(means) >= 3 or len(denoised) >= 3:
        yield Finding(
            code="classifier-retrained-per-level", task="4C", where=loops[-1] if loops else noisy[-1].where,
            message=f"{len(noisy)} classifiers are trained on noisy or denoised images, new ones a level. Test the "
            "one that was trained on clean images: then the curves show what denoising does.",
        )  # fmt: skip


def _all(evidence: Evidence) -> list[Network]:
    fits = evidence.recording.fits
    return [Network(record, evidence.fits[record.id]) for record in fits if record.id in evidence.fits]


def _made_noisy(network: Network) -> bool:
    x = network.record.data.x
    return x is not None and (x.source is None or x.noise is not None)


# --- shape


def _shape(evidence: Evidence, codes: tuple[Code, ...]) -> Iterator[Finding]:
    """Noise on (n, 28, 28, 1) images where the network, or the noise function itself, takes rows of 784."""
    by_cell = {(code.where.file, code.where.cell): code for code in codes}
    for error in evidence.recording.errors[:100]:
        code = by_cell.get((error.where.file, error.where.cell))
        if code is None or error.type not in ("ValueError", "IndexError"):
            continue
        seasons = any(_NOISE.search(name) for name in _statement_names(code, error))
        if seasons and _IMAGES_FOR_784.search(error.message[:2_000]):
            yield Finding(
                code="noise-function-shape", task="4B", where=error.where,
                message="The noisy images have the shape (n, 28, 28, 1) and the network takes rows of 784. Reshape "
                "them before you add noise: x_test.reshape(-1, 784).",
            )  # fmt: skip
            return
        if _UNPACKED.search(error.message[:2_000]) and _in_noise_function(code, error):
            yield Finding(
                code="noise-function-shape", task="4B", where=error.where,
                message="The noise function is given an array of another shape than it is written for. Reshape "
                "the images before you call it: x_test.reshape(-1, 784).",
            )  # fmt: skip
            return


def _statement_names(code: Code, error: CellError) -> set[str]:
    """Names of the cell down to the line of the error."""
    return {
        node.id
        for node in ast.walk(code.tree)
        if isinstance(node, ast.Name) and node.lineno <= (error.where.line or node.lineno)
    }


def _in_noise_function(code: Code, error: CellError) -> bool:
    line = error.where.line or 0
    return any(
        _NOISE.search(function.name) and function.lineno <= line <= (function.end_lineno or 0)
        for function in source.in_order(code.tree, ast.FunctionDef)
    )
