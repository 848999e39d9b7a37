"""What a trainer's process is sent: recipes, and networks with their weights, as plain data and arrays."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from harness.training.recipe import Prepared, Recipe


@dataclass(frozen=True)
class Weighted:
    """A recipe and the weights that training it gave."""

    recipe: Recipe
    weights: Sequence[NDArray[Any]]


@dataclass(frozen=True)
class Job:
    """A recipe to be trained, and the trained networks that it builds on."""

    prepared: Prepared
    parents: Sequence[Weighted] = ()


def with_imports(file: Path) -> dict[str, str]:
    """The text of a module's file and of those beside it that it imports, by file name."""
    found: dict[str, str] = {}
    left = [file]
    while left:
        path = left.pop()
        if path.name in found or not path.is_file():
            continue
        found[path.name] = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(found[path.name])):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            left += [file.with_name(f"{name}.py") for name in names if name]
    return found


def job_of(job: Job) -> dict[str, Any]:
    """A job as plain data: its recipe, and those of its parents by number."""
    parents = {str(number): parent.recipe.model_dump(mode="json") for number, parent in enumerate(job.parents)}
    return {"recipe": job.prepared.recipe.model_dump(mode="json"), "parents": parents}


def arrays_of(job: Job) -> dict[str, NDArray[Any]]:
    """A job's arrays as `harness.training.server` takes them apart: below `arrays`, and each parent's weights below
    its number."""
    arrays = below("arrays", job.prepared.arrays)
    for number, parent in enumerate(job.parents):
        arrays |= below(str(number), named(parent.weights))
    return arrays


def named(weights: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Weights by names that sort in their order."""
    return {f"w{number:04}": weight for number, weight in enumerate(weights)}


def below(name: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The same arrays, with `name` and a slash before each one's name."""
    return {f"{name}/{each}": array for each, array in arrays.items()}
