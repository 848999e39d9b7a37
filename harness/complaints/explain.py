"""Everything behind a verdict, gathered from a result, its evidence and the assignment's files. Nothing is run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness import explained, text
from harness.calibrated import Calibration
from harness.complaints.check_source import check_source
from harness.complaints.explanation import CalibrationFile, Explanation, Lines, Rule, Run, Trained
from harness.computed import computation
from harness.evidence import Evidence, Network
from harness.gates import Decision, decide, figure_of
from harness.marking.entries import Entry
from harness.near import UnknownName, near
from harness.recording import ArrayRecord, SourceRecord, Where
from harness.results import CheckResult, Judged, Outcome, Result, TaskResult

BEFORE, AFTER = 3, 6  # lines of the hand-in that are shown around a place
LONGEST_LINE = 400


def chosen(result: Result, name: str) -> tuple[CheckResult, ...]:
    """The check of this id, or all checks of the task of this id. Raises UnknownName."""
    checks = {check.id: (check,) for check in result.checks}
    tasks = {task.id: task.checks for task in result.tasks if task.checks}
    found = {**tasks, **checks}.get(name)
    if found is None:
        manual = next((task for task in result.tasks if task.id == name), None)
        if manual is not None:
            raise UnknownName(f"task {name} has no check: a person gives all of its points")
        raise UnknownName(f"there is no check or task {text.clean(name, 100)!r}; {near(name, [*checks, *tasks])}")
    return found


def explain(
    result: Result, check: CheckResult, evidence: Evidence | None, files: Mapping[str, bytes],
    log: Sequence[Entry] = (),
) -> Explanation:  # fmt: skip
    """What is behind the verdict of one of a result's checks.

    `files` are the assignment's, by their paths in its folder. What cannot be told without evidence or files is
    named under `missing`. `log`: what persons decided about this hand-in, the oldest first.
    """
    task = next(one for one in result.tasks if check in one.checks)
    networks = behind(check, evidence) if evidence else ()
    places = [check.where, *(network.where for network in networks[:1])]
    sources = evidence.recording.sources if evidence else ()
    found = explained.reason(result, check)
    source = check_source(files, check.id)
    missing = []
    if evidence is None:
        missing.append("There is no evidence beside the result: networks, runs and source lines are not known.")
    if source is None:
        missing.append(f"The assignment's files hold no check {check.id}: its source is not known.")
    return Explanation(
        submission=result.submission, assignment=result.assignment, dataset=result.dataset, profile=result.profile,
        check=check, code=explained.code(result, check), task_title=task.title,
        task_points=task.points_so_far, task_max_points=task.max_points,
        overruled=explained.overruled(check), final=explained.final(result), cost=explained.cost(result, check),
        own_number=explained.own_number(result, check), reason=found.message if found else "",
        networks=tuple(_trained(network, evidence) for network in networks) if evidence else (),
        rule=_rule(result, check), calibration=_calibration(result, check, files),
        lines=tuple(_lines(places, sources)), source=source,
        matched=_matched(task, networks, result), sure=task.sure,
        decisions=tuple(entry for entry in log if entry.target in (check.id, check.task, "")),
        provenance=result.provenance, missing=tuple(missing),
    )  # fmt: skip


def behind(check: CheckResult, evidence: Evidence) -> tuple[Network, ...]:
    """The networks that a verdict rests on: those that a measurement names, else those of the place that the check
    names, else those that answer its task."""
    fits: tuple[str, ...] = ()
    measure = check.judged.gate.measure if check.judged else "accuracy"
    if measure in ("gain", "denoised") and evidence.denoising is not None:
        fits = (evidence.denoising.autoencoder, evidence.denoising.classifier)
    records = {record.id: record for record in evidence.recording.fits}
    matched = dict.fromkeys(fit for match in evidence.matches.values() for fit in match.fits)
    if not fits:
        fits = tuple(fit for fit in matched if fit in records and _is_at(records[fit].where, check.where))
        own = evidence.matches.get(check.task)
        fits = tuple(own.fits) if own is not None and (not fits or set(fits) & set(own.fits)) else fits
    known = [fit for fit in fits if fit in records and fit in evidence.fits]
    return tuple(Network(records[fit], evidence.fits[fit]) for fit in known)


def decided(check: CheckResult, judged: Judged) -> str:
    """Which rule decided a random outcome, in a sentence: the cases of harness.verdicts.hold, in its order."""
    gate, accepted = judged.gate, judged.gate.threshold
    if accepted is None:
        return "No threshold is known for this data set, so a person decides."
    reached = figure_of(gate, judged.values)
    figure = text.share(reached, gate.difference)
    what = "the best run" if gate.rule == "retry" else "the mean of the runs"
    what = "the one run" if len(judged.values) == 1 else what
    low = text.share(accepted, gate.difference)
    if judged.identity:
        return (
            "Passed by identity: network and training are the assignment's own in every setting, so falling short "
            f"would be luck. {what[0].upper()}{what[1:]} is {figure}."
        )
    if gate.nominal is not None and reached >= gate.nominal:
        asked = text.share(gate.nominal, gate.difference)
        return f"Passed by what is asked: {what}, {figure}, reaches {asked} ({gate.source})."
    outcome = decide(gate, judged.values)
    if outcome is Decision.PASSED:
        return f"Passed by the acceptance bound: {what}, {figure}, reaches {low}, which random training allows."
    if outcome is Decision.OPEN:
        return (
            f"Not decided: {what}, {figure}, is below {low}, and more runs could still reach it. A person decides."
        )
    if check.outcome is Outcome.PARTIAL and gate.partial_from is not None:
        none = text.share(gate.partial_from, gate.difference)
        return (
            f"Passed in part: {what}, {figure}, is below {low}. The points shrink evenly from there, to none at "
            f"{none}."
        )
    if check.outcome is Outcome.MANUAL:
        return f"Left to a person: {what}, {figure}, is below {low}, and it is not sure what was measured."
    return f"Failed: {what}, {figure}, is below {low}."


# --- what it is made of


def _is_at(where: Where | None, place: Where | None) -> bool:
    return where is not None and where == place


def _trained(network: Network, evidence: Evidence) -> Trained:
    record, found = network.record, network.evidence
    epochs = found.scaled.epochs if found.scaled else network.epochs
    return Trained(
        fit=record.id,
        tasks=tuple(task for task, match in evidence.matches.items() if record.id in match.fits),
        where=record.where, layers=network.layers, params=network.params,
        loss=_settings(found.loss), optimizer=_settings(found.optimizer),
        epochs=network.epochs, batch_size=record.batch_size, shuffle=record.shuffle,
        inputs=_array(record.data.x), targets=_array(record.data.y),
        callbacks=tuple(one.class_name for one in record.callbacks),
        notes=found.notes, scaled=found.scaled, identical=found.identical,
        runs=tuple(
            Run(
                seed=run.seed, value=run.accuracy, images=run.images,
                epochs=len(run.curve.loss or run.curve.val_accuracy) or epochs,
                trainer=run.trainer, why=run.why, kept=run.cached, seconds=run.seconds,
            )
            for run in found.runs
        ),
        problem=found.problem or found.facts.refused or "", recipe=found.recipe,
    )  # fmt: skip


def _settings(component: tuple[str, dict[str, Any]] | None) -> str:
    """ "SGD(learning_rate=0.1)"."""
    if component is None:
        return ""
    name, arguments = component
    return f"{name}({', '.join(f'{key}={value}' for key, value in arguments.items())})"


def _array(array: ArrayRecord | None) -> str:
    """An array that `fit` was given, in a few words: "60,000 × 28 × 28 × 1 of x_train, 0 to 1, float32"."""
    if array is None:
        return ""
    shape = " × ".join("?" if size is None else f"{size:,}" for size in array.shape)
    words = [f"{shape} of {array.source or 'an array that was not recognised'}"]
    if array.encoding in ("labels", "one_hot", "one_hot_twice"):
        words.append(array.encoding.replace("_", "-"))
    elif array.low is not None and array.high is not None:
        words.append(f"values {text.number(array.low)} to {text.number(array.high)}")
    if array.noise is not None:
        words.append(f"{array.noise.kind.replace('_', ' ')} noise of {text.number(array.noise.level)}")
    if array.labels_match is not None and array.labels_match < 1:
        words.append(f"{array.labels_match:.1%} of them those of their images")
    return ", ".join([*words, array.dtype])


def _rule(result: Result, check: CheckResult) -> Rule | None:
    judged = check.judged
    if judged is None:
        return None
    gate = judged.gate
    data = f"--data {result.dataset.name} --profile {result.profile}"
    made = computation(judged, f"harness calibrate {result.assignment.id} {data}")
    computed = (made.rule, made.formula, made.numbers, made.runs, made.promise)
    return Rule(
        measure=judged.name, values=judged.values, figure=figure_of(gate, judged.values), by=gate.rule,
        nominal=gate.nominal, source=gate.source, accepted=gate.accepted, decided=decided(check, judged),
        computed=tuple(part for part in computed if part), terms=made.terms,
    )  # fmt: skip


def _calibration(result: Result, check: CheckResult, files: Mapping[str, bytes]) -> CalibrationFile | None:
    """The calibration of the result's data set and profile, held against the runs that its gate names."""
    if check.judged is None or not check.judged.gate.reference:
        return None
    name = f"calibration/{result.dataset.name}-{result.profile}.json"
    used = check.judged.gate.reference
    try:
        calibration = Calibration.model_validate_json(files[name])
    except (KeyError, ValueError):
        told = result.provenance.get("calibration")
        return CalibrationFile(
            file=name, runs=len(used), same=False, provenance=told if isinstance(told, dict) else {}
        )
    same = any(quantity.values == used for quantity in calibration.quantities.values())
    return CalibrationFile(file=name, runs=len(used), same=same, provenance=calibration.provenance)


def _lines(places: Iterable[Where | None], sources: Sequence[SourceRecord]) -> Iterable[Lines]:
    """The lines around each place, each place once."""
    cells = {(one.where.file, one.where.cell): one.text for one in sources}
    seen: set[tuple[Any, ...]] = set()
    for where in places:
        if where is None or (where.file, where.cell, where.line) in seen:
            continue
        seen.add((where.file, where.cell, where.line))
        source = cells.get((where.file, where.cell), cells.get((where.file, None)))
        if source is not None:
            lines = source.splitlines()
            at = min(max(where.line or 1, 1), max(len(lines), 1))
            first = max(at - BEFORE, 1)
            shown = lines[first - 1 : at + AFTER]
            yield Lines(where=where, first=first, text=tuple(line[:LONGEST_LINE] for line in shown))


def _matched(task: TaskResult, networks: Sequence[Network], result: Result) -> tuple[str, ...]:
    """Why these networks answer, in the words of the match: of the task itself, else of the one they answer."""
    if task.matched or not networks:
        return task.matched
    of = next((card.task for card in result.models if card.fit == networks[0].record.id), "")
    return next((other.matched for other in result.tasks if other.id == of), ())
