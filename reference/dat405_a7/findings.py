"""Findings that are this assignment's own: mistakes seen in the work, each a sentence for the student."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from harness.evidence import Evidence, Network
from harness.recording import Finding, SourceRecord, Where

TWICE = "The labels were one-hot encoded twice; call to_categorical once."
_ONE_HOT_TWICE = re.compile(r"\((?:None|\d+), 10, 10\).*\((?:None|\d+), 10\)", re.S)
_LEVEL = re.compile(r"level|noise|lvl|intensit", re.I)
_NOISE = re.compile(r"^(?![A-Z])(?i:.*(?:salt|pepper|season|noise|noisy))")  # a function, not a class
_COMMENTED_FIT = re.compile(r"(?m)^[ \t]*#[ \t#]*(?:[\w.,\[\] ]+=\s*)?[\w.\[\]()]*\.fit\(")
_REPORTS = (".pdf", ".doc", ".docx", ".odt")
_TEMPLATE = re.compile(
    r"\?|your (?:answers?|code|solution)|(?:^|[.:*]\s+)(?:add|change|compare|describe|design|draw|explain|extend|"
    r"hand|plot|read|run|show|take|train|use|write)\b",
    re.I,
)


def find(evidence: Evidence) -> Iterator[Finding]:
    """What the recording shows, besides what the checks say."""
    yield from _preprocessing(evidence)
    yield from _network(evidence)
    yield from _sweep(evidence)
    yield from _autoencoder(evidence)
    yield from _levels(evidence)
    yield from _pasted(evidence)
    yield from _unsolved(evidence)


def _preprocessing(evidence: Evidence) -> Iterator[Finding]:
    for network in evidence.networks("2C"):
        x, y = network.record.data.x, network.record.data.y
        if x is not None and x.high is not None and x.high > 1.5:
            yield Finding(
                code="not-rescaled", task="1", where=network.where,
                message=f"The images reach the network with values up to {x.high:g}; divide them by 255.",
            )  # fmt: skip
        if x is not None and x.high is not None and 0 < x.high < 0.01:
            yield Finding(
                code="rescaled-twice", task="1", where=network.where,
                message=f"The largest value of the images is {x.high:.2g}: they were divided by 255 twice.",
            )  # fmt: skip
        if y is not None and y.encoding == "one_hot_twice":
            yield Finding(
                code="labels-one-hot-twice", task="1", where=network.where,
                message=TWICE,
            )  # fmt: skip
    # Such labels have a shape that no loss takes, so that the fit itself fails and is not recorded.
    failed = next((error for error in evidence.recording.errors if _ONE_HOT_TWICE.search(error.message)), None)
    if failed is not None:
        yield Finding(code="labels-one-hot-twice", task="1", where=failed.where, message=TWICE)


def _network(evidence: Evidence) -> Iterator[Finding]:
    for network in evidence.networks("2C"):
        if 0 < network.record.epochs < 10:
            yield Finding(
                code="too-few-epochs", task="2C", where=network.where,
                message=f"{network.record.epochs} epochs are trained; the assignment asks for 10.",
            )  # fmt: skip
        if len(network.hidden_units) > 2:
            shown = "-".join(str(units) for units in network.hidden_units)
            yield Finding(
                code="extra-hidden-layers", task="2A", where=network.where,
                message=f"There are {len(network.hidden_units)} hidden layers ({shown}); two of 64 are asked.",
            )  # fmt: skip


def _autoencoder(evidence: Evidence) -> Iterator[Finding]:
    for network in evidence.networks("4A"):
        y = network.record.data.y
        if y is not None and y.noise is not None:
            yield Finding(
                code="autoencoder-target-noisy", task="4A", where=network.where,
                message="The autoencoder's targets are noisy; the second argument of fit is the clean images.",
            )  # fmt: skip
    if evidence.noise is not None and not evidence.noise.input_kept:
        yield Finding(
            code="noise-changes-input", task="4B", where=evidence.noise.where,
            message=f"`{evidence.noise.function}` changes the array that it is given; work on a copy.",
        )  # fmt: skip
    if (
        evidence.noise is not None
        and evidence.noise.changed
        and max(evidence.noise.changed) == evidence.noise.changed[0]
    ):
        yield Finding(
            code="noise-level-unused", task="4B", where=evidence.noise.where,
            message=f"`{evidence.noise.function}` does the same whatever the level.",
        )  # fmt: skip


def _sweep(evidence: Evidence) -> Iterator[Finding]:
    sweep = evidence.networks("2D")
    if not sweep:
        return
    for network in sweep:
        if network.record.previous and len(network.of_class("Dense")) > 3:
            yield Finding(
                code="stacked-layers", task="2D", where=network.where,
                message=f"2D stacks layers in {network.where}: make the model inside the loop.",
            )  # fmt: skip
            break
    texts = [(network, text) for network in sweep for layer in network.layers for text in layer.regularizers]
    misplaced = False
    for code, sign, message in (
        ("activity-regularizer", "activity ", "activity_regularizer is not weight decay; use kernel_regularizer."),
        ("l1-not-l2", " L1 ", "L1 is not weight decay; use regularizers.L2(factor)."),
    ):
        seen = next((network for network, text in texts if sign in text), None)
        if seen is not None:
            yield Finding(code=code, task="2D", where=seen.where, message=message)
            misplaced = True
    first = sweep[0]
    hidden = first.of_class("Dense")[:-1]
    with_decay = [layer for layer in hidden if any(text.startswith("kernel L2") for text in layer.regularizers)]
    if len(with_decay) < min(2, len(hidden)) and not misplaced:
        yield Finding(
            code="decay-not-on-hidden-kernels", task="2D", where=first.where,
            message="Weight decay belongs on the kernels of both hidden layers.",
        )  # fmt: skip
    shown = "-".join(map(str, first.hidden_units)) or "none"
    if {500, 300} < set(first.hidden_units):
        yield Finding(
            code="extra-hidden-layers", task="2D", where=first.where,
            message=f"The hidden layers of the sweep are {shown}; 500-300 is asked, in place of the two of 64.",
        )  # fmt: skip
    elif first.hidden_units != (500, 300):
        yield Finding(
            code="hidden-units-not-500-300", task="2D", where=first.where,
            message=f"The hidden layers of the sweep are {shown}; 500-300 is asked.",
        )  # fmt: skip
    fewest = min(network.record.epochs for network in sweep)
    if fewest < 40:
        yield Finding(
            code="too-few-epochs", task="2D", where=first.where,
            message=f"The sweep trains for {fewest} epochs; the assignment asks for 40.",
        )  # fmt: skip
    counts = Counter(text for network in sweep if not network.record.previous for text in _factor(network))
    if counts and len(counts) < 5:
        yield Finding(
            code="too-few-factors", task="2D", where=first.where,
            message=f"Factors trained in fresh networks: {len(counts)}; five are asked.",
        )  # fmt: skip
    if not counts or min(counts.values()) < 3:
        yield Finding(
            code="no-replicates", task="2D", where=first.where,
            message="Each factor should be trained three times, each time from a fresh network.",
        )  # fmt: skip
    outside = [text for text in counts if not 0.999e-6 <= float(text) <= 1.001e-3]
    if outside:
        yield Finding(
            code="factors-out-of-range", task="2D", where=first.where,
            message=f"The factor {outside[0]} lies outside 1e-6 … 1e-3.",
        )  # fmt: skip


def _factor(network: Network) -> set[str]:
    """The factor of a network as text: L2 on its first hidden kernel, else of whatever regulariser it has."""
    texts = [text for layer in network.layers for text in layer.regularizers]
    texts = [text for text in texts if text.startswith("kernel L2 ")] or texts
    return {texts[0].split()[2]} if texts else set()


# --- noise levels: what loops over them do


def _levels(evidence: Evidence) -> Iterator[Finding]:
    loops = list(_level_loops(evidence))
    for call, place, uses in loops:
        if not uses:
            yield Finding(
                code="noise-level-unused", task="4B", where=place,
                message=f"The loop over noise levels calls `{call}` without the level: the noise never changes.",
            )  # fmt: skip
    noisy = [network for network in _all(evidence) if network.classifier and not network.record.previous]
    noisy = [network for network in noisy if _made_noisy(network)]
    means = {
        (round(x.mean or 0, 4), x.derived and x.derived.model) for network in noisy if (x := network.record.data.x)
    }
    denoised = [network for network in noisy if network.record.data.x.derived is not None]
    if len(means) >= 3 or len(denoised) >= 3:
        place = noisy[-1].where
        yield Finding(
            code="classifier-retrained-per-level", task="4C", where=next((at for _, at, _ in loops[::-1]), place),
            message=f"{len(noisy)} classifiers are trained on noisy or denoised images, new ones a level. Test the "
            "one that was trained on clean images: then the curves show what denoising does.",
        )  # fmt: skip


def _all(evidence: Evidence) -> list[Network]:
    fits = evidence.recording.fits
    return [Network(record, evidence.fits[record.id]) for record in fits if record.id in evidence.fits]


def _made_noisy(network: Network) -> bool:
    x = network.record.data.x
    return x is not None and (x.source is None or x.noise is not None)


def _level_loops(evidence: Evidence) -> Iterator[tuple[str, Where, bool]]:
    """Loops over noise levels that call a noise function: its name, a place, and whether a call uses the level."""
    trees = [(source, tree) for source in evidence.recording.sources if (tree := _tree(source)) is not None]
    functions = [node for _, tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for source, tree in trees:
        for loop in ast.walk(tree):
            if not isinstance(loop, ast.For):
                continue
            over = " ".join(_loaded(loop.target) | _loaded(loop.iter))
            calls = [node for node in ast.walk(loop) if isinstance(node, ast.Call) and _NOISE.search(_called(node))]
            if not calls or not _LEVEL.search(over):
                continue
            names = _depending(loop)
            uses = any(names & (_loaded(call) | _read_in(functions, _called(call))) for call in calls)
            place = loop if uses else calls[0]
            yield _called(calls[0]), source.where.model_copy(update={"line": place.lineno}), uses


def _tree(source: SourceRecord) -> ast.Module | None:
    """The code of a cell without its magics; None where that is not Python."""
    try:
        return ast.parse(re.sub(r"(?m)^(\s*)[%!?].*$", r"\1pass", source.text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _called(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _loaded(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _read_in(functions: list[ast.FunctionDef], name: str) -> set[str]:
    """What the functions of a name take from outside, roughly: the names in their body, less their parameters."""
    found = set()
    for function in functions:
        if function.name == name:
            found |= {one for node in function.body for one in _loaded(node)} - {a.arg for a in function.args.args}
    return found


def _depending(loop: ast.For) -> set[str]:
    """The names of a loop that change with it: its target, and what is assigned from it."""
    names = _loaded(loop.target)
    for _ in range(3):
        for node in ast.walk(loop):
            if isinstance(node, ast.Assign) and names & _loaded(node.value):
                names |= {name for target in node.targets for name in _loaded(target)}
            if isinstance(node, ast.For) and names & _loaded(node.iter):
                names |= _loaded(node.target)
    return names


# --- results and training in the source


def _pasted(evidence: Evidence) -> Iterator[Finding]:
    trained = {(fit.where.file, fit.where.cell) for fit in evidence.recording.fits if fit.where}
    for source in evidence.recording.sources:
        if (source.where.file, source.where.cell) in trained:
            continue
        commented = _COMMENTED_FIT.search(source.text)
        if commented:
            line = source.text.count("\n", 0, commented.end()) + 1
            yield Finding(
                code="commented-out-training", where=source.where.model_copy(update={"line": line}),
                message="The training is commented out, so it could not be repeated. Hand in the code that made "
                "your results; here it costs no time, as training is only noted.",
            )  # fmt: skip
        tree = _tree(source)
        pasted = next((node for node in ast.walk(tree) if _many_results(node)), None) if tree else None
        if pasted is not None:
            yield Finding(
                code="hard-coded-results", where=source.where.model_copy(update={"line": pasted.lineno}),
                message="Accuracies are written into the code as numbers. Plot what the training gave.",
            )  # fmt: skip


def _many_results(node: ast.AST) -> bool:
    """A literal with five or more numbers that look like measured accuracies: 0.9812, or 98.12."""
    if not isinstance(node, (ast.List, ast.Tuple, ast.Dict)):
        return False
    return sum(1 for part in ast.walk(node) if isinstance(part, ast.Constant) and _measured(part.value)) >= 5


def _measured(value: object) -> bool:
    decimals = len(repr(value).partition(".")[2])
    return isinstance(value, float) and (
        (0.5 < value < 1 and decimals >= 3) or (50 < value < 100 and decimals >= 2)
    )


# --- the template, as it was handed out


def _unsolved(evidence: Evidence) -> Iterator[Finding]:
    recording = evidence.recording
    own = sum(_words_of_their_own(passage.text) for passage in recording.answers)
    if recording.kind != "notebook" or any(evidence.networks(task) for task in ("2D", "3A", "4A")) or own >= 40:
        return
    texts = {(source.where.file, source.where.cell): source.text for source in recording.sources}
    lost = any(".fit(" in texts.get((error.where.file, error.where.cell), "") for error in recording.errors)
    if lost or any(file.name.lower().endswith(_REPORTS) for file in evidence.submission.files):
        return  # what is missing was lost in an error, or may stand in the report
    yield Finding(
        code="template-unsolved",
        message="This is the template as it was handed out: there are no answers, and no networks but its own.",
    )


def _words_of_their_own(text: str) -> int:
    """Words that answer: without headings, questions, and sentences that tell somebody to do something."""
    paragraphs = re.split(r"\n\s*\n", re.sub(r"(?m)^[ \t]*#.*$", "", text))
    return sum(len(one.split()) for one in paragraphs if not _TEMPLATE.search(one))
