"""`research data import --replace`, killed at random moments: the name always shows a whole snapshot, old or new."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from research.market import load_market
from research.market.imports.reading import runs
from research.market.snapshots import placing
from tests.market.helpers import HEADER, names_in
from tests.robustness import SCALE
from tests.robustness.kills import run_until

KILLS = 10 * SCALE
STEPS = 7 if SCALE == 1 else 1  # of all steps of an import at which the system is called, one in so many is the last
PROFILE = """name = "a vendor"
source = "made for a test"
licence = "none"
retrieved_at = "2024-02-01T00:00:00Z"
[columns]
date = "day"
key = "coin"
price = "close"
"""


def run_import(table: Path, out: Path, in_one_step: bool, last_step: int | None) -> None:
    """In a process of its own, which kills itself before its `last_step`-th call of the system."""
    if not in_one_step:
        placing._exchange = lambda one, other: False
    runs.ROWS_PER_RUN = 1_000  # so that rows are sorted on the disk, as those of a large table are
    arguments = ["data", "import", str(table), "--profile", str(table.parent / "mine.toml"), "--out", str(out)]
    run_until([*arguments, "--replace"], last_step)


class Vendor:
    """A folder with two tables, whose prices are all 1 and all 2, and the snapshot that imports of them make."""

    def __init__(self, folder: Path, in_one_step: bool) -> None:
        self.folder, self.in_one_step, self.out = folder, in_one_step, folder / "out"
        self.processes = multiprocessing.get_context("forkserver")
        self.processes.set_forkserver_preload(["research.cli", "research.market.imports.importer", __name__])
        (folder / "mine.toml").write_text(PROFILE)
        for price in (1, 2):
            rows = [f"2024-01-{day:02d},asset-{n},{price},1,1" for n in range(200) for day in range(1, 31)]
            (folder / f"{price}.csv").write_text("\n".join([HEADER, *rows, ""]))

    def start(self, price: int, last_step: int | None = None) -> multiprocessing.process.BaseProcess:
        arguments = (self.folder / f"{price}.csv", self.out, self.in_one_step, last_step)
        process = self.processes.Process(target=run_import, args=arguments)
        process.start()
        return process

    def whole(self) -> int:
        """The one price of the snapshot under the name; every byte of it is verified, and none is of the other."""
        prices = load_market(self.out).prices.to_numpy()
        assert prices.shape == (30, 200)
        assert np.isin(prices[0, 0], [1, 2])
        assert (prices == prices[0, 0]).all()
        return int(prices[0, 0])

    def assert_clean_after(self, price: int) -> None:
        """The next import works, and leaves nothing of those that were killed."""
        process = self.start(price)
        process.join()
        assert process.exitcode == 0
        assert self.whole() == price
        assert names_in(self.folder) == {"mine.toml", "1.csv", "2.csv", "out"}


@pytest.fixture(params=[True, False], ids=["exchanged in one step", "renamed in two"])
def vendor(tmp_path: Path, request: pytest.FixtureRequest) -> Vendor:
    vendor = Vendor(tmp_path, request.param)
    vendor.assert_clean_after(1)
    return vendor


def test_an_import_killed_at_any_step_loses_nothing_and_leaves_no_litter(vendor: Vendor) -> None:
    shown, step, code = 1, 1, None
    while code != 0:
        process = vendor.start(3 - shown, last_step=step)
        process.join()
        code = process.exitcode
        assert code in (0, -signal.SIGKILL)
        shown = vendor.whole()
        step += STEPS
    assert step > 30
    vendor.assert_clean_after(1)


def test_imports_killed_at_random_moments_lose_nothing_and_leave_no_litter(vendor: Vendor) -> None:
    begun = time.monotonic()
    vendor.assert_clean_after(2)
    longest = time.monotonic() - begun
    moments = random.Random(1 if SCALE == 1 else None)
    killed, shown = 0, 2
    for _ in range(KILLS):
        process = vendor.start(3 - shown)
        process.join(moments.uniform(0, longest))
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
        shown = vendor.whole()
    assert killed > 0
    vendor.assert_clean_after(3 - shown)
