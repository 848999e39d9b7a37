"""Which recorded fits answer which task: an assignment's rules, scored, with reasons.

A rule says what a fit must have to be a candidate at all, and what speaks for it. The engine knows nothing of any
assignment; its rules stand in `reference/<assignment>/matching.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.evidence import Match, Network

Condition = Callable[[Network], bool]


@dataclass(frozen=True)
class Sign:
    """Something that speaks for (or, with negative weight, against) a fit; `text` completes "it …"."""

    weight: float
    text: str
    holds: Condition


@dataclass(frozen=True)
class Rule:
    """How the fits of one task are recognised. `words` in a cell that failed suggest that its fit was lost."""

    task: str
    needs: tuple[Sign, ...]
    signs: tuple[Sign, ...] = ()
    at_most: int = 1
    group: bool = False
    """All candidates answer together, in the order in which they ran (a sweep)."""
    words: tuple[str, ...] = ()
    wanted: str = ""
    """What was looked for, for the sentence "no … was found"."""


@dataclass(frozen=True)
class Matches:
    """The outcome for one hand-in: a match a task, and the fits that no task needs."""

    by_task: dict[str, Match] = field(default_factory=dict)
    unused: tuple[str, ...] = ()


def match(rules: Sequence[Rule], networks: Sequence[Network]) -> Matches:
    """Give each rule its best candidates. A later fit wins a tie: people improve as they go down."""
    by_task: dict[str, Match] = {}
    used: set[str] = set()
    for rule in rules:
        candidates = [network for network in networks if all(sign.holds(network) for sign in rule.needs)]
        if not candidates:
            continue
        order = {network.record.id: number for number, network in enumerate(networks)}
        ranked = sorted(candidates, key=lambda one: (_score(rule, one), order[one.record.id]), reverse=True)
        chosen = candidates[: rule.at_most] if rule.group else ranked[: rule.at_most]
        used |= {network.record.id for network in chosen}
        lead = _score(rule, ranked[0]) - (_score(rule, ranked[1]) if len(ranked) > 1 else float("-inf"))
        by_task[rule.task] = Match(
            task=rule.task,
            fits=tuple(network.record.id for network in chosen),
            reasons=_reasons(rule, chosen, len(candidates)),
            sure=lead > 0 or rule.group,
        )
    unused = tuple(network.record.id for network in networks if network.record.id not in used)
    return Matches(by_task, unused)


def _score(rule: Rule, network: Network) -> float:
    return sum(sign.weight for sign in rule.signs if sign.holds(network))


def _reasons(rule: Rule, chosen: Sequence[Network], candidates: int) -> tuple[str, ...]:
    network = chosen[0]
    place = f" in {network.where}" if network.where else ""
    texts = [sign.text for sign in rule.needs]
    texts += [sign.text for sign in rule.signs if sign.weight > 0 and sign.holds(network)]
    against = [sign.text for sign in rule.signs if sign.weight < 0 and sign.holds(network)]
    if rule.group:
        fits = f"{len(chosen)} fits{place} answer" if len(chosen) > 1 else f"One fit{place} answers"
        return (f"{fits} this task together: each {', '.join(texts)}.",)
    sentences = [f"The fit{place} answers this task: it {', '.join(texts)}."]
    if against:
        sentences.append(f"Against it: it {', '.join(against)}.")
    if candidates > 1:
        sentences.append(f"{candidates} fits could have answered; this one fits best.")
    return tuple(sentences)
