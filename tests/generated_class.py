"""A made-up class of any size, for trying out how a class is graded: the same for the same seed.

    python tests/generated_class.py --hand-ins 200 --seed 1 --out DIR
    harness grade DIR/submissions.zip --data digits --profile quick --out graded

`DIR/hand_ins/` holds a folder a group, `DIR/submissions.zip` the same as Canvas's "Download Submissions" gives it:
some late, some handed in twice, one in a hundred a link alone. `DIR/choices.json` lists what was chosen for each.
Group n depends on the seed and n alone, so that a class of 25 is the first 25 groups of a class of 200. No
framework is needed.

What is handed in are the examples of `submissions/`, the mistakes and dialects of `tests/hand_ins/` and the planted
mistakes of `tests/mutants/`, in other words (`notebook_variants.py`) and with other settings. How often each comes
is nobody's count of a real class, but modelled on how the assignment is made and on the reports in hand: the
notebook that is handed out trains the networks of 2C and 4A, so nearly all groups keep these; 2D names the ends of
the range and the number of factors, which most read as `linspace` and some as powers of ten; 3A leaves the network
open, and groups take it from a few well-known tutorials or make one up.
"""

from __future__ import annotations

import argparse
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from random import Random

import notebook_variants
from percent import SUFFIX, notebook_of

from harness import mutants

HERE = Path(__file__).parent
MUTANTS = HERE / "mutants" / "dat405_a7"
EXAMPLES = HERE.parent / "submissions"
DIALECTS = HERE / "hand_ins"

BASES: Mapping[str, int] = {
    "good_notebook": 48, "report_a": 8, "report_b": 4, "good_notebook_2023": 4, "good_contract": 6, "report_c": 3,
    "tasks_1_2": 4, "mistake": 11, "dialect": 4, "mutant": 4, "syntax_error": 1, "unsolved_template": 1,
    "report_pdf_only": 1, "link": 1,
}  # fmt: skip
"""Of a hundred groups, how many hand in which; `mistake`, `dialect` and `mutant`: one of them all."""
FACTORS: Mapping[str, int] = {
    "np.linspace(1e-6, 1e-3, 5)": 55,
    "np.logspace(-6, -3, 5)": 12,
    "np.array([1e-6, 1e-5, 1e-4, 5e-4, 1e-3])": 10,
    "np.array([0.000001, 0.00025, 0.0005, 0.00075, 0.001])": 10,
    "np.geomspace(1e-6, 1e-3, 5)": 5,
}
"""Of 2D, as they are written; the rest are a group's own."""
NETWORKS: Mapping[str, int] = {
    "conv32-3 pool2 conv64-3 pool2 flatten drop0.5": 22,
    "conv32-3 conv64-3 pool2 drop0.25 flatten dense128 drop0.5": 18,
    "conv16-5 pool2 conv32-5 pool2 flatten drop0.4 dense128 drop0.3": 8,
    "conv32-3 pool2 conv64-5 pool2 flatten dense128": 8,
    "conv32-3 pool2 flatten dense100": 6,
}
"""Of 3A: of Keras's own example as it is today and as it was, of two reports, and of a much-read tutorial; the rest
are a group's own."""
REST = "own"
OTHERS_2C = (("epochs=10", "epochs=12"), ("SGD(learning_rate=0.1)", "SGD(learning_rate=0.05)"))
LATE, AGAIN, EDITED = 0.1, 0.15, 0.7  # shares


@dataclass(frozen=True)
class Choice:
    """What one group hands in. `factors`, `network` and `other` are settings of 2D, 3A and 2C, in place of those of
    the base."""

    name: str
    base: str
    edits: tuple[str, ...] = ()
    factors: str = ""
    network: str = ""
    epochs: int = 0
    """Of the convolutional network."""
    other: int | None = None
    late: bool = False
    again: bool = False
    """Handed in a second time, after the template as it was."""


def choose(number: int, seed: int) -> Choice:
    """What group `number` of the class with this seed hands in."""
    rng = Random(f"{seed}:{number}")
    base = _drawn(rng, BASES)
    if base == "mistake":
        base = rng.choice(_listed("mistake"))
    elif base == "dialect":
        base = "hand_ins/" + rng.choice(_listed("dialect"))
    elif base == "mutant":
        base = "mutants/" + rng.choice(_listed("mutant"))
    factors, network = _drawn(rng, FACTORS), _drawn(rng, NETWORKS)
    return Choice(
        name=f"group-{number:03}",
        base=base,
        edits=tuple(name for name in notebook_variants.EDITS if rng.random() < EDITED),
        factors=_own_factors(rng) if factors == REST else factors,
        network=_own_network(rng) if network == REST else network,
        epochs=rng.choice((4, 5, 6, 8, 8, 10, 12)),
        other=rng.randrange(len(OTHERS_2C)) if rng.random() < 0.05 else None,
        late=rng.random() < LATE,
        again=rng.random() < AGAIN,
    )


def files_of(choice: Choice, seed: int) -> dict[str, bytes]:
    """The files that a group hands in, by their paths; none where it hands in a link."""
    rng = Random(f"{seed}:{choice.name}:words")
    if choice.base == "link":
        return {}
    return {name: _varied(name, body, choice, rng) for name, body in _base(choice.base).items()}


def write(out: Path, count: int, seed: int) -> list[Choice]:
    """Write a class into the new folder `out`; what was chosen, in the order of the groups."""
    choices = [choose(number, seed) for number in range(1, count + 1)]
    for choice in choices:
        for name, body in files_of(choice, seed).items():
            path = out / "hand_ins" / choice.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
    with zipfile.ZipFile(out / "submissions.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number, choice in enumerate(choices):
            for name, body in _as_canvas(choice, seed, number).items():
                archive.writestr(name, body)
    listed = [asdict(choice) for choice in choices]
    (out / "choices.json").write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
    return choices


# --- what is handed in


@cache
def _listed(kind: str) -> list[str]:
    """The hand-ins of a kind, in an order that is the same everywhere."""
    if kind == "mistake":
        return sorted(path.name for path in EXAMPLES.glob("mistake_*"))
    if kind == "mutant":
        listed = mutants.read(MUTANTS)
        return sorted(name for name in listed.names if not mutants.in_contract(MUTANTS, listed, name))
    return sorted(path.name for path in DIALECTS.iterdir() if path.is_dir())


def _base(base: str) -> dict[str, bytes]:
    """The files that a hand-in is made from."""
    if base.startswith("mutants/"):
        text = mutants.code_of(MUTANTS, mutants.read(MUTANTS), base.removeprefix("mutants/"))
        return {"assignment.ipynb": notebook_of(text).encode()}
    folder = DIALECTS / base.removeprefix("hand_ins/") if base.startswith("hand_ins/") else EXAMPLES / base
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name, body = path.relative_to(folder).as_posix(), path.read_bytes()
            if name.endswith(SUFFIX):
                name, body = name.removesuffix(".py"), notebook_of(body.decode()).encode()
            found[name] = body
    return found


def _varied(name: str, body: bytes, choice: Choice, rng: Random) -> bytes:
    if name.endswith(".py"):
        (cell,) = notebook_variants.reworded([notebook_variants.code(_with_settings(body.decode(), choice))], rng)
        return notebook_variants.source(cell).encode()
    if not name.endswith(".ipynb"):
        return body
    notebook = json.loads(body)
    cells = [
        notebook_variants.changed(cell, _with_settings(notebook_variants.source(cell), choice))
        if cell["cell_type"] == "code"
        else cell
        for cell in notebook["cells"]
    ]
    for edit in choice.edits:
        cells = notebook_variants.EDITS[edit](cells, rng)
    return json.dumps({**notebook, "cells": cells}, indent=1).encode()


_FACTORS = re.compile(r"np\.linspace\((?:1e-6|0\.000001), (?:1e-3|0\.001), 5\)")
_NETWORK = re.compile(r"( +)layers\.Conv2D\(.*?(?=layers\.Dense\(num_classes)", re.DOTALL)
_CNN_FIT = re.compile(r"(cnn\.fit\(.*?epochs=)\d+", re.DOTALL)


def _with_settings(text: str, choice: Choice) -> str:
    """A cell with the group's settings, where it has those that can be replaced."""
    text = _FACTORS.sub(lambda _: choice.factors, text)
    text = _NETWORK.sub(lambda found: _layers(choice.network, found[1]), text)
    text = _CNN_FIT.sub(lambda found: f"{found[1]}{choice.epochs}", text)
    if choice.other is not None and "64-64-10" not in text:
        text = text.replace(*OTHERS_2C[choice.other])
    return text


def _layers(network: str, indent: str) -> str:
    """A network's layers as they stand in a list: `conv32-3` is a convolution of 32 filters of 3×3."""
    made = []
    for layer in network.split():
        kind, numbers = re.fullmatch(r"([a-z]+)(.*)", layer).groups()  # type: ignore[union-attr]  # written here
        first, _, second = numbers.partition("-")
        made.append(
            {
                "conv": f'layers.Conv2D({first}, kernel_size={second}, activation="relu"),',
                "pool": f"layers.MaxPooling2D(pool_size={first}),",
                "flatten": "layers.Flatten(),",
                "drop": f"layers.Dropout({first}),",
                "dense": f'layers.Dense({first}, activation="relu"),',
            }[kind]
        )
    return indent + ("\n" + indent).join(made) + "\n" + indent


# --- what groups choose


def _drawn(rng: Random, shares: Mapping[str, int]) -> str:
    """One of these by their share of a hundred, or REST."""
    left = rng.uniform(0, 100)
    for name, share in shares.items():
        left -= share
        if left < 0:
            return name
    return REST


def _own_factors(rng: Random) -> str:
    exponents = sorted(rng.uniform(-6, -3) for _ in range(3))
    return "np.array([1e-6, " + ", ".join(f"{10**exponent:.1e}" for exponent in exponents) + ", 1e-3])"


def _own_network(rng: Random) -> str:
    kernel = rng.choice((3, 3, 5))
    first, second = rng.choice(((8, 16), (16, 32), (32, 32), (32, 64), (64, 64)))
    between = ["pool2"] if rng.random() < 0.7 else []
    dropout = [f"drop{rng.choice((0.2, 0.25, 0.3, 0.5))}"] if rng.random() < 0.6 else []
    dense = [f"dense{rng.choice((32, 64, 100, 128, 256))}"] if rng.random() < 0.8 else []
    layers = [f"conv{first}-{kernel}", *between, f"conv{second}-{kernel}", "pool2", *dropout, "flatten", *dense]
    return " ".join(layers)


# --- as Canvas gives it


def _as_canvas(choice: Choice, seed: int, number: int) -> dict[str, bytes]:
    """The entries of one group in Canvas's zip: one a file, with ids of the user and of the file."""
    who = choice.name.replace("-", "") + ("_LATE" if choice.late else "") + f"_{4001 + number}"
    files = files_of(choice, seed)
    if not files:
        return {f"{who}_link.html": b'<p><a href="https://colab.research.google.com/drive/1">link</a></p>'}
    if any("/" in name for name in files):
        raise ValueError(f"{choice.base}: Canvas takes files, no folders")
    file = 88001 + 10 * number
    made = {f"{who}_{file + place}_{name}": body for place, (name, body) in enumerate(files.items())}
    if choice.again and list(files) == ["assignment.ipynb"]:
        before = _base("unsolved_template")["assignment.ipynb"]
        again = files["assignment.ipynb"]
        made = {f"{who}_{file}_assignment.ipynb": before, f"{who}_{file + 1}_assignment-1.ipynb": again}
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write a made-up class into a folder.")
    parser.add_argument("--hand-ins", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="a folder that does not exist yet")
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True)
    choices = write(asked.out, asked.hand_ins, asked.seed)
    print(f"{len(choices)} hand-ins: {asked.out / 'hand_ins'}, {asked.out / 'submissions.zip'}")


if __name__ == "__main__":
    main()
