"""Which recorded fits answer which task: an assignment's rules, scored, with reasons.

A rule says what a fit must have to be a candidate at all, and what speaks for it. The engine knows nothing of any
assignment; its rules stand in `reference/<assignment>/matching.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.decoders import decoder_of
from harness.evidence import Match, Network, SelfTrained
from harness.recording import ModelRecord, Where

Condition = Callable[[Network], bool]


class UnknownFit(ValueError):
    """A course named a task or a fit that does not exist; the message lists those that do."""


@dataclass(frozen=True)
class Sign:
    """Something that speaks for (or, with negative weight, against) a fit; `text` completes "it …"."""

    weight: float
    text: str
    holds: Condition


@dataclass(frozen=True)
class Group:
    """Fits that may answer a task together. The higher `complete`, the more of what is asked is there; `text` says
    what there is, for instance "5 factors, 3 networks each"."""

    networks: tuple[Network, ...]
    complete: float
    text: str = ""


@dataclass(frozen=True)
class Rule:
    """How the fits of one task are recognised. `words` in a cell that failed suggest that its fit was lost."""

    task: str
    needs: tuple[Sign, ...]
    signs: tuple[Sign, ...] = ()
    at_most: int = 1
    groups: Callable[[Sequence[Network]], Sequence[Group]] | None = None
    """Candidates answer together (a sweep): the ways to see them as one. The most complete answers, of equal ones
    the last."""
    best: bool = False
    """The candidates that score highest are all trained, as many as the profile allows, and the most accurate
    counts."""
    prefer: Callable[[Network], float] = lambda _network: 0.0
    """Of fits that score alike the one for which this is highest answers, and of those the last."""
    margin: float = 1.5
    """By how much a fit must lead the next one for the match to be sure."""
    decodes: str = ""
    """A fit answers only where a recorded model is its decoder. Those of this task go before all others; such a
    rule comes after that task's."""
    own_loop: Callable[[SelfTrained], bool] | None = None
    """Whether a network that the hand-in trained by a loop of its own may be what was asked."""
    words: tuple[str, ...] = ()
    wanted: str = ""
    """What was looked for, for the sentence "no … was found"."""


@dataclass(frozen=True)
class Matches:
    """The outcome for one hand-in: a match a task, and the fits that no task needs."""

    by_task: dict[str, Match] = field(default_factory=dict)
    unused: tuple[str, ...] = ()


def match(
    rules: Sequence[Rule],
    networks: Sequence[Network],
    given: Mapping[str, Sequence[str]] | None = None,
    own: Sequence[SelfTrained] = (),
    candidates: int = 1,
    models: Sequence[ModelRecord] = (),
) -> Matches:
    """Give each rule its best candidates. A fit that worked, and for which more speaks than against it, wins over
    one that failed; a later one wins a tie: people improve as they go down.

    `given` names the fits of tasks as the course set them, by id or place ("cell 14"), and wins over the rules.
    `candidates`: how many fits of a rule with `best` are trained. `models`: the recorded models, decoders among
    them. Raises UnknownFit.
    """
    tasks = {rule.task for rule in rules}
    for task in given or {}:
        if task not in tasks:
            raise UnknownFit(f"no fits are looked for in task {task!r}; they are for {', '.join(sorted(tasks))}")
    by_task: dict[str, Match] = {}
    parts = _parts(networks)
    whole = [network for network in networks if network.record.id not in parts]
    for rule in rules:
        if given and rule.task in given:
            by_task[rule.task] = _as_set(rule.task, given[rule.task], networks)
            continue
        pool = whole if rule.groups is not None or rule.best else networks
        found = [network for network in pool if all(sign.holds(network) for sign in rule.needs)]
        if rule.decodes:
            found = _with_decoder(models, found, by_task.get(rule.decodes))
        if not found:
            loops = [one for one in own if rule.own_loop is not None and rule.own_loop(one)]
            if loops:
                by_task[rule.task] = _own_loops(rule.task, loops)
        elif rule.groups is not None:
            worked = [network for network in found if not network.record.error]
            by_task[rule.task] = _most_complete(rule, rule.groups(worked or found))
        else:
            by_task[rule.task] = _highest(rule, found, max(rule.at_most, candidates if rule.best else 1))
            if rule.decodes and rule.decodes in by_task:
                by_task[rule.task] = _beside_its_own(by_task[rule.task], by_task[rule.decodes])
    used = {fit for found_match in by_task.values() for fit in found_match.fits}
    used |= _parts([network for network in networks if network.record.id in used])
    unused = tuple(network.record.id for network in networks if network.record.id not in used)
    return Matches(by_task, unused)


def best_first(rule: Rule, found: Match, networks: Sequence[Network]) -> Match:
    """The match of a rule with `best` after training: the most accurate network first, and which one counts said.

    A network without an accuracy comes last; of equal ones the one that scored higher is first.
    """
    measured = [(sum(one.accuracies) / len(one.accuracies), one) for one in networks if one.accuracies]
    if not rule.best or len(networks) < 2 or not measured:
        return found
    measured.sort(key=lambda pair: -pair[0])
    others = [network for network in networks if not network.accuracies]
    said = "; ".join(f"the one{place_of(network)} reaches {accuracy:.2%}" for accuracy, network in measured)
    said += "".join(f"; the one{place_of(network)} was not trained" for network in others)
    reason = f"Of several networks the most accurate counts, as trained here: {said}."
    fits = tuple(network.record.id for network in [*(one for _, one in measured), *others])
    return found.model_copy(update={"fits": fits, "reasons": (*found.reasons, reason)})


def _parts(networks: Sequence[Network]) -> set[str]:
    """The fits that are only the beginning of another one's training."""
    return {fit for network in networks for fit, _ in network.evidence.merged if fit != network.record.id}


def place_of(network: Network) -> str:
    """ " in cell 4, line 2", or nothing."""
    return f" in {network.where}" if network.where else ""


def resolve(names: Sequence[str], networks: Sequence[Network]) -> tuple[str, ...]:
    """The ids of the fits that these names stand for, in the order in which they ran.

    A name is a fit's id, or a place as a page shows it, or a part of one: "cell 14", "cell 14, line 3", a file.
    Raises UnknownFit for one that stands for none.
    """
    chosen: set[str] = set()
    for name in names:
        found = {network.record.id for network in networks if _answers_to(network, name)}
        if not found:
            there = ", ".join(f"{network.record.id}{place_of(network)}" for network in networks[:40]) or "none"
            raise UnknownFit(f"there is no fit {name!r}; there are: {there}")
        chosen |= found
    return tuple(network.record.id for network in networks if network.record.id in chosen)


def _answers_to(network: Network, name: str) -> bool:
    if network.record.id == name:
        return True
    where = network.where
    if where is None:
        return False
    parts = [part.strip().casefold() for part in name.split(",") if part.strip()]
    return bool(parts) and all(_is_at(where, part) for part in parts)


def _is_at(where: Where, part: str) -> bool:
    known = re.fullmatch(r"(cell|line) (\d{1,9})", part)
    if known:
        return (where.cell if known[1] == "cell" else where.line) == int(known[2])
    return part in (where.file.casefold(), where.file.casefold().rsplit("/", 1)[-1])


# --- choosing


def _as_set(task: str, names: Sequence[str], networks: Sequence[Network]) -> Match:
    fits = resolve(names, networks)
    places = ", ".join(
        f"{network.record.id}{place_of(network)}" for network in networks if network.record.id in fits
    )
    reason = f"As set by the course: {places}." if fits else "As set by the course: no fit answers this task."
    return Match(task=task, fits=fits, reasons=(reason,), sure=True)


def _own_loops(task: str, loops: Sequence[SelfTrained]) -> Match:
    places = ", ".join(str(one.where) if one.where else one.id for one in loops)
    reason = (
        f"No call of fit answers this task. A network that your own loop trained may: {places}. A person decides."
    )
    return Match(task=task, self_trained=tuple(one.id for one in loops), reasons=(reason,), sure=False)


def _highest(rule: Rule, found: Sequence[Network], at_most: int) -> Match:
    order = {network.record.id: number for number, network in enumerate(found)}
    worked = [one for one in found if not one.record.error]
    preferred = {one.record.id for one in worked if len(worked) < len(found) and _score(rule, one) > 0}
    ranked = sorted(
        found,
        key=lambda one: (one.record.id in preferred, _score(rule, one), rule.prefer(one), order[one.record.id]),
        reverse=True,
    )
    chosen = [one for one in ranked if not one.record.error or not worked][:at_most]
    if ranked[0].record.error:  # more speaks for it than for any that worked
        chosen = ranked[:at_most]
    parts = _parts(chosen) | {one.record.id for one in chosen}
    others = [one for one in ranked if one.record.id not in parts]
    lead = _score(rule, ranked[0]) - _score(rule, others[0]) if others else rule.margin
    return Match(
        task=rule.task,
        fits=tuple(network.record.id for network in chosen),
        reasons=_reasons(rule, chosen, others),
        sure=lead >= rule.margin and not chosen[0].record.error,
    )


def _with_decoder(models: Sequence[ModelRecord], found: Sequence[Network], first: Match | None) -> list[Network]:
    """The fits with a decoder: of those that another task has, or, where none has one, of all."""
    able = [network for network in found if decoder_of(models, network) is not None]
    return [network for network in able if first is not None and network.record.id in first.fits] or able


def _beside_its_own(decoding: Match, first: Match) -> Match:
    """The match with a word on why its fits are not those of the task whose autoencoder they should be."""
    if set(decoding.fits) & set(first.fits):
        return decoding
    reason = f"The autoencoder of task {first.task} has no decoder of its own."
    return decoding.model_copy(update={"reasons": (reason, *decoding.reasons)})


def _most_complete(rule: Rule, groups: Sequence[Group]) -> Match:
    order = sorted(range(len(groups)), key=lambda number: (groups[number].complete, number), reverse=True)
    ranked = [groups[number] for number in order]
    chosen = ranked[0].networks[: rule.at_most]
    texts = [sign.text for sign in rule.needs]
    fits = f"{len(chosen)} fits{place_of(chosen[0])}" if len(chosen) > 1 else f"One fit{place_of(chosen[0])}"
    answer = "answer this task together: each" if len(chosen) > 1 else "answers this task: it"
    sentences = [f"{fits} {answer} {', '.join(texts)}."]
    apart = [group for group in ranked[1:] if not {id(one) for one in group.networks} & {id(one) for one in chosen}]
    if apart:
        other = apart[0]
        there = f" ({ranked[0].text})" if ranked[0].text else ""
        beside = f" ({other.text})" if other.text else ""
        sentences.append(
            f"{'They are' if len(chosen) > 1 else 'It is'} the most complete{there}; the next are "
            f"{len(other.networks)} fits"
            f"{place_of(other.networks[0])}{beside}."
        )
    return Match(
        task=rule.task,
        fits=tuple(network.record.id for network in chosen),
        reasons=tuple(sentences),
        sure=not apart or ranked[0].complete > apart[0].complete,
    )


def _score(rule: Rule, network: Network) -> float:
    return sum(sign.weight for sign in rule.signs if sign.holds(network))


def _reasons(rule: Rule, chosen: Sequence[Network], others: Sequence[Network]) -> tuple[str, ...]:
    network = chosen[0]
    texts = [sign.text for sign in rule.needs]
    texts += [sign.text for sign in rule.signs if sign.weight > 0 and sign.holds(network)]
    against = [sign.text for sign in rule.signs if sign.weight < 0 and sign.holds(network)]
    sentences = [f"The fit{place_of(network)} answers this task: it {', '.join(texts)}."]
    if network.record.error:
        sentences.append(f"It fails: {network.record.error[:300]}")
    if against:
        sentences.append(f"Against it: it {', '.join(against)}.")
    if len(chosen) > 1:
        sentences.append(f"{len(chosen)} fits may answer; all are trained.")
    likely = [other for other in others if _score(rule, other) > 0]
    if likely:
        sentences.append(_beside(rule, network, likely))
    return tuple(sentences)


def _beside(rule: Rule, chosen: Network, others: Sequence[Network]) -> str:
    """What tells the runner-up from the fit that was chosen."""
    second = others[0]
    ours = [sign.text for sign in rule.signs if sign.weight > 0 and sign.holds(chosen) and not sign.holds(second)]
    theirs = [sign.text for sign in rule.signs if sign.holds(second) and not sign.holds(chosen)]
    more = f"{len(others)} more fits could have answered" if len(others) > 1 else "One more fit could have answered"
    told = f"{more}; the next is the one{place_of(second)}"
    if not ours and not theirs:
        nearer = rule.prefer(chosen) > rule.prefer(second)
        return f"{told}, for which as much speaks: the {'likelier' if nearer else 'later'} one is taken."
    told += f". Only the one taken {', '.join(ours)}" if ours else ""
    return f"{told}. Only the next {', '.join(theirs)}." if theirs else f"{told}."
