"""Where stages run: here, one after the other, or on the workers of a cluster (`harness.cluster`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

from harness.bench import Bench

P = ParamSpec("P")
T = TypeVar("T")

TRAINER = "trainer"
"""What dask's workers that are to train say that they have, where only some of them are."""


class LanesError(ValueError):
    """Lanes that are not there, or do not fit: the fault of whoever named them."""


class WorkerLost(RuntimeError):
    """The process that ran a stage died: a machine's fault, or the doing of what it ran."""


@dataclass(eq=False)
class Ticket(Generic[T]):
    """A stage that was handed in, for its value. As an argument of another stage it stands for that value, which
    need not come here for it."""

    what: str
    """For a person."""
    handle: Any = field(default=None, repr=False)


class Lanes(Protocol):
    """Runs stages. What is given and what comes back can travel."""

    travels: bool
    """Whether stages may run on a machine that does not see this one's files."""
    width: int
    """How many stages run at the same time."""

    def submit(
        self,
        what: str,
        stage: Callable[Concatenate[Bench, P], T],
        *arguments: Any,
        priority: int = 0,
        resource: str = "",
    ) -> Ticket[T]:
        """Hand in a stage, a function of `harness.stages`: the bench is that of the process in which it runs. Of
        several that wait, one with a higher `priority` begins first. `resource` is what a
        worker must have where some workers say that they have it."""

    def next(self) -> Ticket[Any]:
        """The next ticket that has come to its end and was not given yet; waits for it."""

    def value(self, ticket: Ticket[T]) -> T:
        """What a stage at its end gave. Raises what it raised, and WorkerLost."""

    def check(self, ticket: Ticket[Any]) -> None:
        """Raises what `value` would raise, and fetches nothing."""

    def forget(self, ticket: Ticket[Any]) -> None:
        """Nobody will ask for this value again."""


@dataclass(frozen=True)
class _Waiting:
    ticket: Ticket[Any]
    stage: Callable[..., Any]
    arguments: Sequence[Any]
    priority: int


class Here:
    """Stages in this process, one after the other, each once what it is given is there."""

    travels = False
    width = 1

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._waiting: list[_Waiting] = []
        self._ended: dict[Ticket[Any], tuple[Any, Exception | None]] = {}

    def submit(
        self,
        what: str,
        stage: Callable[Concatenate[Bench, P], T],
        *arguments: Any,
        priority: int = 0,
        resource: str = "",  # noqa: ARG002  # this process has what there is
    ) -> Ticket[T]:
        """As `Lanes.submit`."""
        ticket: Ticket[T] = Ticket(what)
        self._waiting.append(_Waiting(ticket, stage, arguments, priority))
        return ticket

    def next(self) -> Ticket[Any]:
        """As `Lanes.next`: runs the first of the ready ones with the highest priority."""
        ready = [one for one in self._waiting if all(ticket in self._ended for ticket in _tickets(one.arguments))]
        chosen = max(ready, key=lambda one: one.priority)
        self._waiting.remove(chosen)
        try:
            value = chosen.stage(self._bench, *(self._given(argument) for argument in chosen.arguments))
            self._ended[chosen.ticket] = (value, None)
        except Exception as error:
            self._ended[chosen.ticket] = (None, error)
        return chosen.ticket

    def value(self, ticket: Ticket[T]) -> T:
        """As `Lanes.value`."""
        value, error = self._ended[ticket]
        if error is not None:
            raise error
        made: T = value
        return made

    def check(self, ticket: Ticket[Any]) -> None:
        """As `Lanes.check`."""
        self.value(ticket)

    def forget(self, ticket: Ticket[Any]) -> None:
        """As `Lanes.forget`."""
        self._ended.pop(ticket, None)

    def _given(self, argument: Any) -> Any:
        return with_tickets(argument, self.value)


def with_tickets(argument: Any, use: Callable[[Ticket[Any]], Any]) -> Any:
    """An argument with what `use` gives for each ticket in it, also within lists and tuples."""
    if isinstance(argument, Ticket):
        return use(argument)
    if isinstance(argument, list | tuple):
        return type(argument)(with_tickets(one, use) for one in argument)
    return argument


def _tickets(arguments: Any) -> list[Ticket[Any]]:
    found: list[Ticket[Any]] = []
    with_tickets(arguments, found.append)
    return found
