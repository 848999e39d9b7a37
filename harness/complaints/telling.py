"""How an explanation reads on a terminal: plain enough to be pasted into an answer. What is the hand-in's own is
cleaned on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from harness.complaints.explanation import Explanation, Lines, Rule, Trained
from harness.complaints.plain import LONGEST, heading, line, rows, section
from harness.marking.entries import Entry
from harness.results import LayerFacts, Outcome
from harness.text import clean, number, points, quantity

OUTCOMES = {
    Outcome.PASSED: "passed",
    Outcome.PARTIAL: "passed in part",
    Outcome.FAILED: "failed",
    Outcome.MANUAL: "for a person",
    Outcome.NOT_ATTEMPTED: "not attempted",
    Outcome.NOT_MEASURED: "not measured",
}
SHOWN = 5  # networks with all their settings; of more, the rest in a line each


def tell(one: Explanation, console: Console) -> None:
    """Print an explanation."""
    check = one.check
    value = "no value yet" if check.points is None else f"{points(check.points)} of {points(check.max_points)}"
    line(console, f"{check.id} of {one.submission.name}: {OUTCOMES[check.outcome]}, {value}", "bold", indent=0)
    line(console, check.title, indent=0)
    line(console, one.overruled, indent=0)
    cause = f"Cause: {check.cause.value.replace('_', ' ')}." if check.cause else ""
    section(console, "What was seen", (check.message, cause, check.hint, one.reason, one.cost, one.own_number))
    numbers = [
        (
            each.name,
            " ".join(part for part in (number(each.value), each.unit) if part and part != "share"),
            each.how,
        )
        for each in check.measurements
    ]
    numbers += [(each.name, number(each.value), each.source) for each in check.thresholds]
    rows(console, numbers)
    for lines in one.lines:
        _source(console, lines)
    for network in one.networks[:SHOWN]:
        _network(console, network, one)
    if one.networks[SHOWN:]:
        heading(console, f"Trained as well: {len(one.networks) - SHOWN} more")
        rows(console, [(str(net.where or net.fit), _values(net), net.problem) for net in one.networks[SHOWN:]])
    sure = "" if one.sure else "Another network could answer as well: a person confirms which."
    section(console, "Why this network answers", (*one.matched, sure))
    if one.rule is not None:
        _rule(console, one.rule)
    _calibration(console, one)
    _check_itself(console, one)
    _decisions(console, one)
    section(console, "Graded", _graded(one))
    section(console, "Not told", one.missing)


def _network(console: Console, one: Trained, explanation: Explanation) -> None:
    tasks = f" ({', '.join(one.tasks)})" if one.tasks else ""
    heading(console, f"The network of {one.where or one.fit}{tasks}")
    asked = f"{quantity(one.epochs, 'epoch')}, batches of {one.batch_size}" + (
        "" if one.shuffle else ", not shuffled"
    )
    data = explanation.dataset
    same = "the assignment's own network and training in every setting" if one.identical else ""
    told = [
        ("layers", _layers(one.layers), f"{one.params:,} parameters"),
        ("compiled", f"loss {one.loss or 'none'}", f"optimizer {one.optimizer or 'none'}"),
        ("fit, as handed in", asked, ", ".join(one.callbacks)),
        ("inputs", one.inputs, ""),
        ("targets", one.targets, ""),
        ("data set", f"{data.name}, {data.train_images:,} to train, {data.evaluation_images:,} to evaluate", ""),
        ("it is", same, ""),
    ]
    if one.scaled is not None:
        scaled = f"{quantity(one.scaled.epochs, 'epoch')}, batches of {one.scaled.batch_size}"
        told.insert(3, ("trained here", scaled, f"scaled for {data.name} in the {explanation.profile} profile"))
    elif one.runs:
        told.insert(3, ("trained here", "as handed in", ""))
    told += [("note", note, "") for note in one.notes]
    told.append(("not trained", one.problem, ""))
    if one.recipe is not None:
        told.append(("recipe", one.recipe.without_seed[:12], "the same for every equal training"))
    rows(console, [row for row in told if row[1]])
    rows(
        console,
        [
            (
                f"seed {run.seed}",
                "no value" if run.value is None else f"{run.value:.2%} of {run.images:,} images",
                f"{run.trainer}, {'trained before, and kept' if run.kept else f'{run.seconds:.0f} s'}",
            )
            for run in one.runs
        ],
    )


def _layers(layers: Sequence[LayerFacts]) -> str:
    """ "Flatten – Dense 64 relu – Dense 10 softmax"."""
    told = []
    for layer in layers:
        parts = [layer.class_name, *([str(layer.units)] if layer.units is not None else [])]
        parts += [layer.activation] if layer.activation else []
        parts += [f"({', '.join(layer.regularizers)})"] if layer.regularizers else []
        told.append(" ".join(parts))
    return " – ".join(told)


def _values(one: Trained) -> str:
    return ", ".join("no value" if run.value is None else f"{run.value:.2%}" for run in one.runs) or "not trained"


def _rule(console: Console, rule: Rule) -> None:
    section(console, "What decided", (rule.decided,))
    section(console, "How the bound was computed", rule.computed)
    rows(console, [(name, value, "") for name, value in rule.terms])


def _calibration(console: Console, one: Explanation) -> None:
    file = one.calibration
    if file is None:
        return
    command = file.provenance.get("command")
    made = [str(file.provenance["time"])] if file.provenance.get("time") else []
    made += [f"commit {file.provenance['commit']}"] if file.provenance.get("commit") else []
    trainer = file.provenance.get("trainer")
    if isinstance(trainer, dict):
        made += [
            f"{name} {trainer[name]}" for name in ("keras", "jax", "tensorflow", "device") if trainer.get(name)
        ]
    same = (
        "" if file.same else "The file has changed since, or is not there: the verdict used the runs of that time."
    )
    section(
        console,
        "Calibration",
        (
            f"{file.file} of {one.assignment.id}: {quantity(file.runs, 'run')} of the reference.",
            f"Made by `{command}`: {', '.join(made)}." if command else ", ".join(made),
            same,
        ),
    )


def _check_itself(console: Console, one: Explanation) -> None:
    source, version = one.source, one.check.version
    if source is None:
        section(console, "The check itself", (f"Version {version}.",))
        return
    same = source.version == version
    told = (
        "the one that decided" if same else f"changed since: version {version} decided; judge it again to compare"
    )
    where = f"{source.file} of {one.assignment.id}, line {source.line}: version {source.version}, {told}."
    section(console, "The check itself", (where, source.docstring))


def _decisions(console: Console, one: Explanation) -> None:
    heading(console, "What a person decided")
    if not one.decisions:
        line(console, "Nothing yet.")
    last = {entry.key: entry.id for entry in one.decisions}
    rows(console, [_decision(entry, entry.id == last[entry.key]) for entry in one.decisions])


def _decision(entry: Entry, stands: bool) -> tuple[str, str, str]:
    given = "withdrawn" if entry.withdrawn else "" if entry.points is None else points(entry.points)
    what = " ".join(part for part in (entry.kind.value, entry.target, given) if part)
    said = ": ".join(part for part in (entry.author, entry.text) if part)
    return f"{entry.time:%Y-%m-%d %H:%M} UTC", what, said if stands else f"{said} (not the last word)"


def _graded(one: Explanation) -> Iterable[str]:
    told = one.provenance
    yield f"Task {one.check.task}, {one.task_title}: {points(one.task_points)} of {points(one.task_max_points)}."
    by = f"harness {told.get('harness', '?')}" + (f" (commit {told['commit']})" if told.get("commit") else "")
    when = f" at {told['time']}" if told.get("time") else ""
    yield (
        f"Measured by {by}{when}, profile {one.profile}, data {one.dataset.name}; assignment {one.assignment.id}, "
        f"version {one.assignment.version}."
    )
    yield one.final
    again = told.get("regraded")
    if isinstance(again, dict):
        commit = f" (commit {again['commit']})" if again.get("commit") else ""
        yield f"Judged again by harness {again.get('harness', '?')}{commit} at {again.get('time', '?')}."
    if not one.dataset.official:
        yield f"Measured on {one.dataset.name}, not on the assignment's own data: not marks."
    yield f"Content of the hand-in: SHA-256 {one.submission.sha256 or 'unknown, it was refused'}."
    yield f"To ask about this, quote {one.code}."


def _source(console: Console, lines: Lines) -> None:
    heading(console, str(lines.where))
    for at, code in enumerate(lines.text, lines.first):
        arrow = "→" if at == lines.where.line else " "
        shown = clean(code, LONGEST, lines=True).expandtabs(4).replace("\n", " ")
        console.print(Text(f"  {arrow} {at:4}  {shown}"), soft_wrap=True)
