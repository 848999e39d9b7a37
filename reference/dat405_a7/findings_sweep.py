"""Findings of task 2D: what the sweep trained, what its plot shows, and what its means are taken of."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from harness import source
from harness.evidence import Evidence, Network
from harness.recording import Finding, Where
from harness.source import Code

FACTORS, REPLICATES, EPOCHS = 5, 3, 40
LOWEST, HIGHEST = 1e-6, 1e-3

_PLOTS = ("plot", "errorbar", "scatter", "semilogx", "semilogy", "loglog", "bar", "fill_between")
_TICKS = ("xticks", "set_xticks", "set_xticklabels")
_TITLES = ("xlabel", "set_xlabel", "title", "set_title", "suptitle")
_FACTOR = re.compile(r"factor|decay|regular|lambda|l2|λ|penalt", re.I)
_RESULTS = re.compile(r"acc|result|score|val|perf|hist|repl|run|test|final|mean", re.I)
_ACCURACY = re.compile(r"acc", re.I)
_AVERAGES = ("mean", "std", "average", "nanmean", "nanstd", "stdev", "pstdev", "fmean", "var", "sum")
_ARRAYS = ("array", "asarray", "list", "Series")


_NO_DECAY = (
    ("activity ", Finding(
        code="activity-regularizer", task="2D",
        message="activity_regularizer is not weight decay; use kernel_regularizer.",
    )),
    (" L1 ", Finding(
        code="l1-not-l2", task="2D", message="L1 is not weight decay; use regularizers.L2(factor).",
    )),
)  # fmt: skip


def find(evidence: Evidence) -> Iterator[Finding]:
    """Nothing where there is no sweep."""
    sweep = evidence.networks("2D")
    if not sweep:
        return
    yield from _stacked(sweep)
    yield from _decay(sweep)
    yield from _hidden_units(sweep)
    yield from _epochs(sweep)
    codes = source.read(evidence.recording.sources)
    if not any(
        network.record.error for network in sweep
    ):  # the error ended the loop: which factors follow is unknown
        yield from _factors(sweep)
        yield from _plotted(sweep, codes)
    yield from _averages(codes, _places(evidence))


# --- what was trained


def _stacked(sweep: tuple[Network, ...]) -> Iterator[Finding]:
    for network in sweep:
        if not network.fresh and len(network.of_class("Dense")) > 3:
            yield Finding(
                code="stacked-layers", task="2D", where=network.where,
                message=f"2D stacks layers in {network.where}: make the model inside the loop.",
            )  # fmt: skip
            return


def _decay(sweep: tuple[Network, ...]) -> Iterator[Finding]:
    texts = [(network, text) for network in sweep for layer in network.layers for text in layer.regularizers]
    misplaced = False
    for sign, finding in _NO_DECAY:
        seen = next((network for network, text in texts if sign in text), None)
        if seen is not None:
            yield finding.model_copy(update={"where": seen.where})
            misplaced = True
    first = _typical(sweep)
    hidden = first.of_class("Dense")[:-1]
    with_decay = [layer for layer in hidden if any(text.startswith("kernel L2") for text in layer.regularizers)]
    if len(with_decay) < min(2, len(hidden)) and not misplaced:
        yield Finding(
            code="decay-not-on-hidden-kernels", task="2D", where=first.where,
            message="Weight decay belongs on the kernels of both hidden layers.",
        )  # fmt: skip


def _hidden_units(sweep: tuple[Network, ...]) -> Iterator[Finding]:
    first = _typical(sweep)
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


def _epochs(sweep: tuple[Network, ...]) -> Iterator[Finding]:
    shortest = min(_regularized(sweep), key=lambda network: network.epochs)
    if shortest.epochs < EPOCHS:
        yield Finding(
            code="too-few-epochs", task="2D", where=shortest.where,
            message=f"The sweep trains for {shortest.epochs} epoch{'s' if shortest.epochs != 1 else ''}; the "
            "assignment asks for 40.",
        )  # fmt: skip


def _factors(sweep: tuple[Network, ...]) -> Iterator[Finding]:
    """Five factors within range that have three networks are enough, whatever else was tried."""
    first = _typical(sweep)
    counts = Counter(text for network in sweep if network.fresh for text in _factor(network))
    inside = {text: count for text, count in counts.items() if LOWEST * 0.999 <= float(text) <= HIGHEST * 1.001}
    if sum(count >= REPLICATES for count in inside.values()) >= FACTORS:
        return
    if counts and len(counts) < FACTORS:
        yield Finding(
            code="too-few-factors", task="2D", where=first.where,
            message=f"Factors trained in fresh networks: {len(counts)}; five are asked.",
        )  # fmt: skip
    if not counts or min(counts.values()) < REPLICATES:
        yield Finding(
            code="no-replicates", task="2D", where=first.where,
            message="Each factor should be trained three times, each time from a fresh network.",
        )  # fmt: skip
    outside = sorted(set(counts) - set(inside), key=float)
    if outside:
        yield Finding(
            code="factors-out-of-range", task="2D", where=first.where,
            message=f"Factors outside 1e-6 … 1e-3: {', '.join(outside)}.",
        )  # fmt: skip


def _typical(sweep: tuple[Network, ...]) -> Network:
    """The first network with weight decay: one without may be there for comparison."""
    return _regularized(sweep)[0]


def _regularized(sweep: tuple[Network, ...]) -> tuple[Network, ...]:
    return tuple(network for network in sweep if network.regularized) or sweep


def _factor(network: Network) -> set[str]:
    """The factor of a network as text: L2 on its first hidden kernel, else of whatever regulariser it has."""
    texts = [text for layer in network.layers for text in layer.regularizers]
    texts = [text for text in texts if text.startswith("kernel L2 ")] or texts
    return {texts[0].split()[2]} if texts else set()


# --- what is plotted


def _plotted(sweep: tuple[Network, ...], codes: tuple[Code, ...]) -> Iterator[Finding]:
    """A plot over factors that are written down and were not trained."""
    layers = [layer for network in sweep for layer in network.layers]
    trained = {float(text.split()[2]) for layer in layers for text in layer.regularizers}
    known = source.constants(codes)
    for code in codes:
        calls = [call for call in source.in_order(code.tree, ast.Call) if source.called(call) in _PLOTS + _TICKS]
        titles = " ".join(_titles(code.tree)) if calls else ""
        for call in calls:
            values = _on_the_axis(call, known)
            if values is None or not trained or not _are_factors(values):
                continue
            if not _FACTOR.search(" ".join((titles, *source.names(call)))):
                continue  # learning rates are small as well
            strange = [value for value in values if not any(_same(value, factor) for factor in trained)]
            if strange:
                yield Finding(
                    code="plotted-factors-differ", task="2D", where=code.at(call),
                    message=f"The plot shows a factor of {strange[0]:g}, which no network was trained with. Plot "
                    "over the list of factors that the loop goes through.",
                )  # fmt: skip
                return


def _on_the_axis(call: ast.Call, known: dict[str, ast.expr]) -> tuple[float, ...] | None:
    """The numbers along the x axis: those of the data, or those of tick labels."""
    if source.called(call) in _PLOTS:
        return source.numbers(call.args[0], known) if len(call.args) > 1 else None
    labels = call.args[1:2] if source.called(call) != "set_xticklabels" else call.args[:1]
    named = source.keyword(call, "labels")
    for node in labels or ([named] if named is not None else []):
        if isinstance(node, ast.List | ast.Tuple) and 0 < len(node.elts) <= source.MAX_NUMBERS:
            texts = [part.value for part in node.elts if isinstance(part, ast.Constant)]
            values = [_number(text) for text in texts if isinstance(text, str)]
            if len(values) == len(node.elts) and None not in values:
                return tuple(value for value in values if value is not None)
        return source.numbers(node, known)
    return None


def _titles(tree: ast.Module) -> Iterator[str]:
    """What a cell writes at its axes."""
    for call in source.in_order(tree, ast.Call):
        if source.called(call) in _TITLES and call.args and isinstance(call.args[0], ast.Constant):
            yield str(call.args[0].value)[:300]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _are_factors(values: tuple[float, ...]) -> bool:
    """Three or more different numbers of the size of the assignment's factors."""
    return len(set(values)) >= 3 and all(1e-8 <= value <= 0.01 for value in values)


def _same(plotted: float, trained: float) -> bool:
    """Factors on an axis may be rounded."""
    return abs(plotted - trained) <= 0.25 * trained


# --- what means are taken of


def _averages(codes: tuple[Code, ...], places: tuple[tuple[str, Where], ...]) -> Iterator[Finding]:
    """Means and deviations of a whole history, the first of each task, of epochs in place of replicates, and of
    overlapping windows."""
    state = _Histories()
    tasks: dict[str, Where] = {}
    for code in codes:
        for call in _averaged(code.tree.body, state):
            tasks.setdefault(_task_of(call, code, codes, places), code.at(call))
    for task, where in tasks.items():
        yield Finding(
            code="mean-over-epochs", task=task, where=where,
            message="This takes the mean or the deviation over all epochs of a training. Take the last epoch of "
            "each replicate, history['val_accuracy'][-1], and then the mean over the replicates."
            if task == "2D"
            else "This takes the mean or the deviation over all epochs of a training. What it has learnt is the "
            "last epoch's: history['val_accuracy'][-1].",
        )  # fmt: skip
    windows = [code.at(call) for code in codes for call in _overlapping(code.tree, state.whole)]
    if windows:
        yield Finding(
            code="mean-over-epochs", task="2D", where=windows[0],
            message="These windows overlap, so each mean mixes replicates of several factors. Step by the number "
            "of replicates: range(0, len(results), 3).",
        )  # fmt: skip


def _places(evidence: Evidence) -> tuple[tuple[str, Where], ...]:
    """Where the classifiers of the tasks are trained."""
    networks = [(task, network) for task in ("2C", "2D", "3A") for network in evidence.networks(task)]
    return tuple((task, network.where) for task, network in networks if network.where is not None)


def _task_of(call: ast.Call, code: Code, codes: tuple[Code, ...], places: tuple[tuple[str, Where], ...]) -> str:
    """The task whose networks an average is of: of those that are trained above it in the same file the nearest
    whose cell mentions a name that is averaged, else the nearest; where none is, the sweep's."""
    here = code.at(call)
    above = sorted(
        (_order(where), task) for task, where in places if where.file == here.file and _order(where) <= _order(here)
    )
    averaged = _averaged_by(call)
    wanted = source.names(averaged) if averaged is not None else set()
    mentioned = {_cell(one.where) for one in codes if wanted & source.names(one.tree)}
    named = [one for one in above if (here.file, one[0][0]) in mentioned]
    return (named or above or [((0, 0), "2D")])[-1][1]


def _order(where: Where) -> tuple[int, int]:
    return (where.cell or 0, where.line or 0)


def _cell(where: Where) -> tuple[str, int]:
    return (where.file, where.cell or 0)


class _Histories:
    """Names that hold a whole history of accuracies at this point, and names that hold a list of such."""

    def __init__(self, whole: set[str] | None = None, lists: set[str] | None = None) -> None:
        self.whole = whole or set()
        self.lists = lists or set()

    def copy(self) -> "_Histories":
        return _Histories(set(self.whole), set(self.lists))

    def is_whole(self, node: ast.expr) -> bool:
        """`history.history["val_accuracy"]` or a name for it, in an array or not."""
        node = _unwrapped(node)
        if isinstance(node, ast.Name):
            return node.id in self.whole
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant):
            return False
        key = node.slice.value
        return isinstance(key, str) and bool(_ACCURACY.search(key)) and _is_history(node.value)

    def is_list(self, node: ast.expr) -> bool:
        node = _unwrapped(node)
        return isinstance(node, ast.Name) and node.id in self.lists

    def follow(self, statement: ast.stmt) -> None:
        """What a statement does to the names."""
        pair = source.assigned(statement)
        if pair is not None:
            name, value = pair
            whole, listed = self.is_whole(value), self.is_list(value)
            for holds, held in ((whole, self.whole), (listed, self.lists)):
                (held.add if holds else held.discard)(name)
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            self.whole |= {statement.target.id} if self.is_whole(statement.value) else set()
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            call = statement.value
            method = call.func
            if isinstance(method, ast.Attribute) and isinstance(method.value, ast.Name) and len(call.args) == 1:
                if method.attr == "append" and self.is_whole(call.args[0]):
                    self.lists |= {method.value.id}
                if method.attr == "extend" and self.is_whole(call.args[0]):
                    self.whole |= {method.value.id}


def _averaged(body: list[ast.stmt], state: _Histories) -> Iterator[ast.Call]:
    """Calls that average a whole history, statement by statement as they stand; a function has names of its own."""
    for statement in body:
        inner = [getattr(statement, part, []) for part in ("body", "orelse", "finalbody")]
        inner += [handler.body for handler in getattr(statement, "handlers", [])]
        if any(inner):
            own = state.copy() if isinstance(statement, ast.FunctionDef | ast.ClassDef) else state
            for part in inner:
                yield from _averaged(part, own)
            continue
        for call in source.in_order(statement, ast.Call):
            averaged = _averaged_by(call)
            if averaged is not None and (
                state.is_whole(averaged) or (state.is_list(averaged) and source.keyword(call, "axis") is None)
            ):
                yield call
        state.follow(statement)


def _averaged_by(call: ast.Call) -> ast.expr | None:
    """What `np.mean(x)`, `x.mean()` and the sum in `sum(x) / len(x)` are taken of; None for other calls."""
    if not _is_average(call) or len(call.args) > 1:
        return None
    if call.args:
        return call.args[0]
    method = call.func
    return method.value if isinstance(method, ast.Attribute) else None


def _is_average(call: ast.Call) -> bool:
    return source.called(call) in _AVERAGES


def _is_history(node: ast.expr) -> bool:
    """`h.history`, or a name that says so."""
    return (isinstance(node, ast.Attribute) and node.attr == "history") or (
        isinstance(node, ast.Name) and "hist" in node.id.lower()
    )


def _unwrapped(node: ast.expr) -> ast.expr:
    for _ in range(4):
        if isinstance(node, ast.Call) and source.called(node) in _ARRAYS and len(node.args) == 1:
            node = node.args[0]
    return node


def _overlapping(tree: ast.Module, curves: set[str]) -> Iterator[ast.Call]:
    """Means of `results[i:i + 3]` where `i` goes up by one; the curve of one training may be smoothed so."""
    stepping = {
        loop.target.id
        for loop in ast.walk(tree)
        if isinstance(loop, ast.For | ast.comprehension)
        and isinstance(loop.target, ast.Name)
        and isinstance(loop.iter, ast.Call)
        and source.called(loop.iter) == "range"
        and len(loop.iter.args) < 3
    }
    for call in source.in_order(tree, ast.Call):
        window = _averaged_by(call)
        if (
            isinstance(window, ast.Subscript)
            and isinstance(window.slice, ast.Slice)
            and isinstance(window.slice.lower, ast.Name)
            and window.slice.lower.id in stepping
            and isinstance(window.slice.upper, ast.BinOp)
            and window.slice.lower.id in source.names(window.slice.upper)
            and not source.names(window.value) & curves
            and any(_RESULTS.search(name) for name in source.names(window.value))
        ):
            yield call
