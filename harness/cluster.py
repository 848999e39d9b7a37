"""Stages on the workers of a dask cluster: processes of this machine, or any cluster that runs already.

Each worker keeps one bench for all stages that it runs. Nothing is assumed of its machine but the same version of
the harness and the data set: hand-ins and the assignment travel as bytes, results come back as values. A worker
that dies takes with it what was queued there, and dask blames all of that; so each stage says that it begins, what
had not begun is handed in again without a word, and only what had begun is told to the coordinator. A worker that
joins later and cannot set itself up is told and left out.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

import dask
import distributed
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

from harness.bench import Bench, Setup, bench
from harness.identity import of_harness
from harness.lanes import TRAINER, LanesError, Ticket, WorkerLost, with_tickets
from harness.training import device

P = ParamSpec("P")
T = TypeVar("T")
Told = Callable[[dict[str, Any]], None]

BEGAN = "began"
CONNECT_SECONDS = 20.0
ALONE_SECONDS = 600.0
"""So long may a cluster be without workers, which a queue of jobs may be about to start."""
TRIES = 20
"""Of a stage that never began: more is no accident."""
SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,  # the coordinator counts them
    "distributed.comm.timeouts.connect": "60s",
    "distributed.admin.log-length": 1_000,
}


class ClusterError(LanesError):
    """A scheduler that is not there, or workers that do not fit: the fault of whoever named it."""


class NotReady(ClusterError):
    """A worker that cannot set itself up was given a stage: its address, and why."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(address, why)
        self.address = address
        self.why = why

    def __str__(self) -> str:
        return f"the worker {self.address} cannot grade: {self.why}"


class Workers(distributed.WorkerPlugin):
    """A worker's bench, made when it joins and closed when it leaves or the run ends. `name` is the run's own, so
    that two runs may share a cluster; `version` is the coordinator's harness. `problem`: why there is no bench."""

    def __init__(self, name: str, setup: Setup) -> None:
        self.name = name
        self.setup_ = setup
        self.version = of_harness()
        self.bench: Bench | None = None
        self.problem = "it does not know of this run"
        self._open = contextlib.ExitStack()

    def setup(self, worker: distributed.Worker) -> None:
        """Make the bench. Raises ClusterError where the worker does not fit, and as `harness.bench.bench` does."""
        tell: Told = lambda event: worker.log_event(self.name, event)  # noqa: E731
        try:
            if worker.state.nthreads != 1:
                raise ClusterError("it does several things at a time; start it with --nthreads 1")
            if of_harness() != self.version:
                raise ClusterError("it has another version of the harness; install the same one")
            self.bench = self._open.enter_context(bench(self.setup_, tell))
        except Exception as error:
            self.problem = str(error) or type(error).__name__
            raise

    def teardown(self, worker: distributed.Worker) -> None:  # noqa: ARG002  # dask's signature
        """Close it."""
        self._open.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "bench": None, "_open": contextlib.ExitStack()}


def on_worker(run: str, number: int, stage: Callable[..., T], *arguments: Any) -> T:
    """Run a stage of a run with the bench that the worker has for it."""
    worker = distributed.get_worker()
    plugin = worker.plugins.get(run)
    if not isinstance(plugin, Workers) or plugin.bench is None:
        raise NotReady(worker.address, plugin.problem if isinstance(plugin, Workers) else "it left this run")
    worker.log_event(run, {"event": BEGAN, "number": number})
    return stage(plugin.bench, *arguments)


@dataclass(eq=False)
class _Work:
    """A stage as it was handed in, to be handed in again."""

    number: int
    stage: Callable[..., Any]
    arguments: tuple[Any, ...]
    priority: int
    resource: str
    tries: int = 0


class Cluster:
    """Stages on the workers of `client`. `told` is called with what they tell, from a thread of the client's."""

    def __init__(self, client: distributed.Client, setup: Setup, travels: bool, told: Told) -> None:
        self.travels = travels
        self._client = client
        self._run = f"harness-{uuid.uuid4()}"
        self._works: dict[Ticket[Any], _Work] = {}
        self._began: set[int] = set()
        self._told = told
        self._left_out: set[str] = set()
        """Addresses of workers that could not set themselves up."""
        self._ended: queue.SimpleQueue[Ticket[Any]] = queue.SimpleQueue()

        def heard(event: tuple[float, dict[str, Any]]) -> None:
            said = {name: value for name, value in event[1].items() if name != "worker"}  # which dask adds
            if said["event"] == BEGAN:
                self._began.add(said["number"])
            else:
                told(said)

        client.subscribe_topic(self._run, heard)
        client.register_plugin(Workers(self._run, setup))
        workers = self._workers()
        self._resources = {name for worker in workers for name in worker["resources"]}
        self.width = max(len(workers), 1)

    def close(self) -> None:
        """The workers keep nothing of this run."""
        with contextlib.suppress(OSError, ValueError):  # the scheduler is gone, and they with it
            self._client.unsubscribe_topic(self._run)
            self._client.unregister_worker_plugin(self._run)

    def submit(
        self,
        what: str,
        stage: Callable[Concatenate[Bench, P], T],
        *arguments: Any,
        priority: int = 0,
        resource: str = "",
    ) -> Ticket[T]:
        """As `Lanes.submit`."""
        ticket: Ticket[T] = Ticket(what)
        self._works[ticket] = _Work(len(self._works), stage, arguments, priority, resource)
        self._hand_in(ticket)
        return ticket

    def next(self) -> Ticket[Any]:
        """As `Lanes.next`. Raises ClusterError where no worker is left."""
        alone = None
        while True:
            try:
                ticket = self._ended.get(timeout=30.0)
            except queue.Empty:
                alone = None if self._workers() else alone or time.monotonic()
                if alone and time.monotonic() - alone > ALONE_SECONDS:
                    raise ClusterError("no worker is left; start some, and go on with --resume") from None
                continue
            if not self._hand_in_again(ticket):
                return ticket

    def value(self, ticket: Ticket[T]) -> T:
        """As `Lanes.value`."""
        self.check(ticket)
        try:
            value: T = ticket.handle.result()
        except KilledWorker as error:  # it was lost after it had been made, and so was who made it again
            raise WorkerLost(f"the process that ran {ticket.what} died") from error
        return value

    def check(self, ticket: Ticket[Any]) -> None:
        """As `Lanes.check`. Raises ClusterError where the scheduler went away."""
        try:
            error = ticket.handle.exception()
        except FutureCancelledError as gone:
            error = gone
        if isinstance(error, KilledWorker):
            raise WorkerLost(f"the process that ran {ticket.what} died") from error
        if isinstance(error, FutureCancelledError) or ticket.handle.cancelled():
            raise ClusterError("the scheduler went away or was restarted; go on with --resume")
        if error is not None:
            raise error

    def forget(self, ticket: Ticket[Any]) -> None:
        """As `Lanes.forget`."""
        self._works.pop(ticket, None)
        ticket.handle.release()

    def _hand_in(self, ticket: Ticket[Any]) -> None:
        work = self._works[ticket]
        work.number = uuid.uuid4().int % 2**53
        work.tries += 1
        future = self._client.submit(
            on_worker,
            self._run,
            work.number,
            work.stage,
            *with_tickets(work.arguments, lambda given: given.handle),
            pure=False,
            priority=work.priority,
            resources={work.resource: 1} if work.resource in self._resources else None,
        )
        ticket.handle = future
        future.add_done_callback(lambda done: self._ended.put(ticket) if ticket.handle is done else None)

    def _hand_in_again(self, ticket: Ticket[Any]) -> bool:
        """Whether a stage that a dying worker took with it before it began, or that one refused which cannot set
        itself up, was handed in again, and before it those that it waits for and that were lost with it."""
        work = self._works.get(ticket)
        if work is None or ticket.handle.status != "error" or work.tries >= TRIES:
            return False
        error = ticket.handle.exception()
        if work.number in self._began or not isinstance(error, KilledWorker | NotReady):
            return False
        if isinstance(error, NotReady):
            self._leave_out(error)
        needed: list[Ticket[Any]] = []
        with_tickets(work.arguments, needed.append)
        for one in needed:
            if one.handle.status == "error" and not self._hand_in_again(one):
                return False  # what it needs failed for a reason of its own
        self._hand_in(ticket)
        return True

    def _leave_out(self, worker: NotReady) -> None:
        """Close a worker that cannot set itself up: it would take every stage, and give each back at once."""
        if worker.address not in self._left_out:
            self._left_out.add(worker.address)
            self._told({"event": "note", "text": f"Left out: {worker}"})
            self._client.retire_workers([worker.address])

    def _workers(self) -> list[dict[str, Any]]:
        return list(self._client.scheduler_info(n_workers=-1)["workers"].values())


@contextlib.contextmanager
def local(setup: Setup, workers: int, told: Told) -> Iterator[Cluster]:
    """A cluster of processes on this machine, one stage at a time each, until the end of the block. Where a GPU
    trains, one of them has it: several at once would take memory and time from each other."""
    one_trains = device.find(setup.device).kind == "gpu"
    with dask.config.set(SETTINGS), contextlib.ExitStack() as stack:
        cluster = stack.enter_context(
            distributed.LocalCluster(
                n_workers=workers - one_trains,
                threads_per_worker=1,
                processes=True,
                memory_limit=0,  # how many processes there are was chosen by the memory
                dashboard_address="127.0.0.1:0",  # any free port: dask cannot do without, and warns of one taken
                security=True,  # keys of this run: whoever reaches the scheduler can run code
                silence_logs=logging.CRITICAL,
            )
        )
        client = stack.enter_context(distributed.Client(cluster))
        if one_trains:
            like = cluster.new_spec
            cluster.new_spec = {**like, "options": {**like["options"], "resources": {TRAINER: 1}}}
            cluster.scale(workers)
        client.wait_for_workers(workers)
        yield Cluster(client, setup, False, told)


@contextlib.contextmanager
def running(setup: Setup, address: str, told: Told) -> Iterator[Cluster]:
    """The cluster whose scheduler is at `address`. Raises ClusterError where there is none, where it has no
    workers, or where these have several threads or another version of the harness."""
    with dask.config.set(SETTINGS):
        try:
            client = distributed.Client(address, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise ClusterError(f"{address}: no dask scheduler answers there ({error})") from None
        with client:
            started = f"start some with `dask worker {address} --nthreads 1 --nworkers N`"
            workers = list(client.scheduler_info(n_workers=-1)["workers"].values())
            if not workers:
                raise ClusterError(f"{address}: the scheduler has no workers; {started}")
            if any(worker["nthreads"] != 1 for worker in workers):
                raise ClusterError(f"{address}: workers do one thing at a time here; {started}")
            if set(client.run(of_harness).values()) != {of_harness()}:
                raise ClusterError(f"{address}: workers have another version of the harness; install the same one")
            client.run_on_scheduler(_blame_nobody)
            cluster = Cluster(client, setup, True, told)
            try:
                yield cluster
            finally:
                cluster.close()


def _blame_nobody(dask_scheduler: distributed.Scheduler) -> None:
    """The scheduler's own setting is read when it starts."""
    dask_scheduler.allowed_failures = 0
