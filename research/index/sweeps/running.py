"""Many indices of one market: in this process, in several of this machine, or on a Dask cluster.

A worker gets the market once. Where the system can fork, as Linux does, that costs nothing: a fork has what its parent
had, its memory is shared until somebody writes to it, and nothing is imported again. Elsewhere market and rulebooks are
sent. What comes back of an index are its level and its trades: arrays of a few kilobytes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import MethodologyError, ResearchError, ResearchWarning, shown
from research.index.build import build_index, own_signals
from research.index.history import IndexHistory
from research.market import MarketData
from research.rulebook.methodology import Methodology
from research.signals import SignalHistory
from research.typing import FloatArray, IntArray

MOST_AT_ONCE = 16
"""Rulebooks sent to a worker together."""
Recipe = tuple[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Work:
    """What all indices share.

    Attributes
    ----------
    market : MarketData
    tables : mapping
        Keywords of `build_index`: signals, votes, migrations, removals, forks.
    signals : mapping of (recipe, reading of prices) to SignalHistory or ResearchError
        What each recipe makes on the market, or why it makes nothing.
    """

    market: MarketData
    tables: Mapping[str, Any]
    signals: Mapping[Recipe, SignalHistory | ResearchError] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Built:
    """What is kept of an index.

    Attributes
    ----------
    first : int
        The market's row of the base date.
    level : ndarray, shape (days from the base date,)
    rows, turnover, cost : ndarrays, one entry for each trade but conversions, the first purchase among them
        The market's row; half of the sum of absolute changes of weight; cost as a share of the value.
    notes : tuple of str
        What `build_index` warned of.
    """

    first: int
    level: FloatArray
    rows: IntArray
    turnover: FloatArray
    cost: FloatArray
    notes: tuple[str, ...] = ()


def built_of(work: Work, rules: Methodology) -> Built | str:
    """One index, or why it cannot be built."""
    try:
        return made_of(work, rules)
    except ResearchError as reason:
        return str(reason)


def made_of(work: Work, rules: Methodology) -> Built:
    """One index and what it warned of; raises what `build_index` raises."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        index = build_index(work.market, rules, **_inputs_of(work, rules))
    for warning in caught:
        if not issubclass(warning.category, ResearchWarning):
            warnings.warn(warning.message, warning.category, stacklevel=2)
    ours = (str(warning.message) for warning in caught if issubclass(warning.category, ResearchWarning))
    return _kept_of(index, tuple(dict.fromkeys(note.removeprefix(f"{rules.name}: ") for note in ours)))


def _kept_of(index: IndexHistory, notes: tuple[str, ...]) -> Built:
    """What is kept of an index that is built."""
    trades = [trade for trade in index.trades if trade.cause != "conversion"]  # it exchanges a name, and trades nothing
    return Built(
        first=index.base_row,
        level=index.level.to_numpy(),
        rows=np.array([trade.row for trade in trades], dtype=np.int64),
        turnover=np.array([trade.turnover for trade in trades], dtype=float),
        cost=np.array([trade.cost for trade in trades], dtype=float),
        notes=notes,
    )


def work_of(market: MarketData, rulebooks: Sequence[Methodology], tables: Mapping[str, Any]) -> Work:
    """The market with the signals of each recipe that the rulebooks name, made once."""
    made: dict[Recipe, SignalHistory | ResearchError] = {}
    for rules in rulebooks:
        if rules.signals is not None and tables.get("signals") is None and _recipe(rules) not in made:
            made[_recipe(rules)] = signals_made(market, rules, tables.get("migrations"), tables.get("removals"))
    return Work(market=market, tables=tables, signals=made)


def signals_made(
    market: MarketData,
    rules: Methodology,
    migrations: pd.DataFrame | None = None,
    removals: pd.DataFrame | None = None,
) -> SignalHistory | ResearchError:
    """The signals that a rulebook's recipe makes, or why it makes none."""
    try:
        made = own_signals(market, rules, migrations, removals)
    except ResearchError as error:
        return error
    assert made is not None
    return made


def run(
    work: Work, rulebooks: Sequence[Methodology], *, jobs: int | None = None, client: Any = None
) -> Iterator[tuple[int, Built | str]]:
    """Each rulebook's place and what came of it, as it comes.

    Parameters
    ----------
    jobs : int, optional
        Processes; by default as many as this process may use processors. One: in this process.
    client : distributed.Client, optional
        A Dask cluster instead, whose machines have the package. It gets the market once for each worker.

    Raises
    ------
    ResearchError
        If a process dies, or `client` is none.
    """
    if client is not None:
        yield from _on_cluster(work, rulebooks, client)
        return
    jobs = processors() if jobs is None else check_jobs(jobs)
    jobs = min(jobs, len(rulebooks))
    if jobs < 2 or multiprocessing.current_process().daemon:  # a daemon may have no children
        yield from ((place, built_of(work, rules)) for place, rules in enumerate(rulebooks))
        return
    yield from _in_processes(work, rulebooks, jobs)


def check_jobs(jobs: int) -> int:
    """A number of processes that is one."""
    check_number("jobs", jobs, MethodologyError, whole=True, at_least=1, at_most=1024)
    return jobs


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_processes(work: Work, rulebooks: Sequence[Methodology], jobs: int) -> Iterator[tuple[int, Built | str]]:
    method = "fork" if sys.platform == "linux" else "spawn"  # a fork of a Mac's libraries is not safe
    context = multiprocessing.get_context(method)
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(work, rulebooks))
    try:
        futures = [pool.submit(_at_places, part) for part in _parts(len(rulebooks), jobs)]
        for future in as_completed(futures):
            yield from future.result()
    except BrokenProcessPool as error:
        raise ResearchError(
            "a process that built variants died (out of memory?). Give fewer jobs; with jobs=1 everything stays here."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


_given: list[tuple[Work, Sequence[Methodology]]] = []
"""In a worker process: what it works on."""


def _begin(work: Work, rulebooks: Sequence[Methodology]) -> None:
    """What a worker does first: it leaves Ctrl-C to its parent, and ends when that is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _given[:] = [(work, rulebooks)]


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _at_places(places: range) -> list[tuple[int, Built | str]]:
    [(work, rulebooks)] = _given
    return [(place, built_of(work, rulebooks[place])) for place in places]


def _on_cluster(work: Work, rulebooks: Sequence[Methodology], client: Any) -> Iterator[tuple[int, Built | str]]:
    try:
        distributed = import_module("distributed")
    except ImportError as error:
        raise ResearchError(
            "client= needs dask.distributed, which is not installed: pip install -e '.[dask]' in the project's folder."
        ) from error
    if not isinstance(client, distributed.Client):
        raise ResearchError(f"client = {shown(client)}: expected a distributed.Client.")
    threads = sum(client.nthreads().values())
    if not threads:
        raise ResearchError("client: its cluster has no workers. Start some: dask worker ADDRESS")
    shared = client.scatter(work, broadcast=True, hash=False)
    parts = [(part, [rulebooks[place] for place in part]) for part in _parts(len(rulebooks), threads)]
    futures: list[Future[Any]] = client.map(_of_cluster, parts, work=shared, pure=False)
    try:
        for future in distributed.as_completed(futures):
            yield from future.result()
    finally:
        client.cancel(futures)


def _of_cluster(part: tuple[range, list[Methodology]], work: Work) -> list[tuple[int, Built | str]]:
    return [(place, built_of(work, rules)) for place, rules in zip(*part, strict=True)]


def _parts(count: int, workers: int) -> list[range]:
    """Neighbours together, for they share most; enough parts that no worker waits long for the last."""
    size = max(1, min(MOST_AT_ONCE, count // (8 * workers)))
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def _recipe(rules: Methodology) -> Recipe:
    assert rules.signals is not None
    return rules.signals.recipe, str(rules.events.reading)


def _inputs_of(work: Work, rules: Methodology) -> dict[str, Any]:
    """Keywords of `build_index`; raises what stood in the way of the signals."""
    if rules.signals is None or work.tables.get("signals") is not None:
        return dict(work.tables)
    made = work.signals[_recipe(rules)]
    if isinstance(made, ResearchError):
        raise made
    if made.recipe.lag_days != rules.schedule.lag_days:
        warnings.warn(
            f"the recipe {made.recipe.name!r} learns from returns that begin after {made.recipe.lag_days} days, and "
            f"trades follow a decision by {rules.schedule.lag_days}",
            ResearchWarning,
            stacklevel=2,
        )
    return dict(work.tables) | {"signals": made}
