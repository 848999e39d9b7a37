"""Stages on the workers of a dask cluster: processes of this machine, or any cluster that runs already.

Each worker keeps one bench for all stages that it runs. Nothing is assumed of its machine but the same version of
the harness and the data set: hand-ins and the assignment travel as bytes, results come back as values. A worker
that dies costs the stages that it had begun one try each, which the coordinator counts and not dask: only the
coordinator knows what to do about a hand-in that does it again.
"""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Callable, Iterator
from typing import Any, Concatenate, ParamSpec, TypeVar

import dask
import distributed
from distributed.scheduler import KilledWorker

import harness
from harness.bench import Bench, Setup, bench
from harness.lanes import LanesError, Ticket, WorkerLost, with_tickets

P = ParamSpec("P")
T = TypeVar("T")

TOPIC = "harness"
PLUGIN = "harness-bench"
CLOSING_SECONDS = 20.0
SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,  # the coordinator counts them
    "distributed.scheduler.worker-saturation": 1.0,  # a stage takes seconds: none waits on a busy worker
    "distributed.comm.timeouts.connect": "60s",
    "distributed.admin.log-length": 1_000,
}


class ClusterError(LanesError):
    """A scheduler that is not there, or workers that do not fit: the fault of whoever named it."""


class Workers(distributed.WorkerPlugin):
    """A worker's bench, made when it joins and closed when it leaves."""

    name = PLUGIN

    def __init__(self, setup: Setup) -> None:
        self.setup_ = setup
        self.bench: Bench | None = None
        self._open = contextlib.ExitStack()

    def setup(self, worker: distributed.Worker) -> None:
        """Make the bench. What it raises is said to the coordinator, and the worker gets no work."""
        tell: Callable[[dict[str, Any]], None] = lambda event: worker.log_event(TOPIC, event)  # noqa: E731
        self.bench = self._open.enter_context(bench(self.setup_, tell))

    def teardown(self, worker: distributed.Worker) -> None:  # noqa: ARG002  # dask's signature
        """Close it."""
        self._open.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"setup_": self.setup_, "bench": None, "_open": contextlib.ExitStack()}


def on_worker(stage: Callable[..., T], *arguments: Any) -> T:
    """Run a stage with the bench of the worker that this is."""
    plugin = distributed.get_worker().plugins[PLUGIN]
    if not isinstance(plugin, Workers) or plugin.bench is None:
        raise RuntimeError("this worker has no bench")
    return stage(plugin.bench, *arguments)


class Cluster:
    """Stages on the workers of `client`. `told` is called with what they tell, from a thread of the client's."""

    def __init__(
        self, client: distributed.Client, setup: Setup, travels: bool, told: Callable[[dict[str, Any]], None]
    ) -> None:
        self.travels = travels
        self._client = client
        self._ended: queue.SimpleQueue[Ticket[Any]] = queue.SimpleQueue()
        client.subscribe_topic(TOPIC, lambda event: told(event[1]))
        client.register_plugin(Workers(setup))
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
        self._resources = {name for worker in workers for name in worker["resources"]}
        self._threads = sum(worker["nthreads"] for worker in workers)

    @property
    def width(self) -> int:
        """How many stages run at the same time."""
        return max(int(self._threads), 1)

    def submit(
        self,
        what: str,
        stage: Callable[Concatenate[Bench, P], T],
        *arguments: Any,
        priority: int = 0,
        resource: str = "",
    ) -> Ticket[T]:
        """As `Lanes.submit`."""
        future = self._client.submit(
            on_worker,
            stage,
            *with_tickets(arguments, lambda given: given.handle),
            pure=False,
            priority=priority,
            resources={resource: 1} if resource in self._resources else None,
        )
        ticket: Ticket[T] = Ticket(what, future)
        future.add_done_callback(lambda _future: self._ended.put(ticket))
        return ticket

    def next(self) -> Ticket[Any]:
        """As `Lanes.next`."""
        return self._ended.get()

    def value(self, ticket: Ticket[T]) -> T:
        """As `Lanes.value`."""
        self.check(ticket)
        value: T = ticket.handle.result()
        return value

    def check(self, ticket: Ticket[Any]) -> None:
        """As `Lanes.check`."""
        error = ticket.handle.exception()
        if isinstance(error, KilledWorker | distributed.client.FutureCancelledError):
            raise WorkerLost(f"the process that ran {ticket.what} died") from error
        if error is not None:
            raise error

    def forget(self, ticket: Ticket[Any]) -> None:
        """As `Lanes.forget`."""
        ticket.handle.release()


@contextlib.contextmanager
def local(setup: Setup, workers: int, told: Callable[[dict[str, Any]], None]) -> Iterator[Cluster]:
    """A cluster of processes on this machine, one stage at a time each, until the end of the block."""
    with dask.config.set(SETTINGS), contextlib.ExitStack() as stack:
        cluster = stack.enter_context(
            distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",  # any free port: dask cannot do without, and warns of one taken
                security=True,  # keys of this run: whoever reaches the scheduler can run code
                silence_logs=logging.CRITICAL,
            )
        )
        client = stack.enter_context(distributed.Client(cluster))
        yield Cluster(client, setup, False, told)


@contextlib.contextmanager
def running(setup: Setup, address: str, told: Callable[[dict[str, Any]], None]) -> Iterator[Cluster]:
    """The cluster whose scheduler is at `address`. Raises ClusterError where there is none, where it has no
    workers, or where these have another version of the harness."""
    with dask.config.set(SETTINGS):
        try:
            client = distributed.Client(address, timeout=CLOSING_SECONDS)
        except (OSError, ValueError) as error:
            raise ClusterError(f"{address}: no dask scheduler answers there ({error})") from None
        with client:
            if not client.scheduler_info(n_workers=-1)["workers"]:
                raise ClusterError(
                    f"{address}: the scheduler has no workers; start some with `dask worker {address}`"
                )
            versions = client.run(_version)
            others = sorted({version for version in versions.values() if version != harness.__version__})
            if others:
                raise ClusterError(
                    f"{address}: workers have the harness {', '.join(others)}, and this is {harness.__version__}; "
                    "install the same everywhere"
                )
            yield Cluster(client, setup, True, told)


def _version() -> str:
    return harness.__version__
