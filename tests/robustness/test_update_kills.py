"""`research data update`, killed at random moments: every snapshot on disk is whole, and the old one as it was."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from research.market import load_market
from research.market.snapshots import catalog
from tests.market.helpers import HEADER, names_in
from tests.robustness import SCALE
from tests.robustness.kills import run_until
from tests.robustness.test_import_kills import PROFILE

KILLS = 6 * SCALE
STEPS = 17 if SCALE == 1 else 1  # of all steps of an update at which the system is called, one in so many is the last
OLD, NEW = "2024-02-01", "2024-02-15"


def run(arguments: list[str], root: Path, last_step: int | None) -> None:
    """A command in a process of its own, which kills itself before its `last_step`-th call of the system."""
    os.environ[catalog.VARIABLE] = str(root)
    run_until(arguments, last_step)


class Catalog:
    """A catalog with `coins` (30 days of prices of 1), and a table of the vendor with days 20 to 40."""

    def __init__(self, folder: Path, revised: bool) -> None:
        self.folder, self.root = folder, folder / "snapshots"
        self.processes = multiprocessing.get_context("forkserver")
        self.processes.set_forkserver_preload(["research.cli", "research.market", __name__])
        for name, day, days, price in (("old", OLD, range(30), 1), ("new", NEW, range(20, 40), 1 + revised)):
            stamps = [str(np.datetime64("2024-01-01") + day) for day in days]
            rows = [f"{stamp},asset-{n},{price},1,1" for n in range(100) for stamp in stamps]
            (folder / f"{name}.csv").write_text("\n".join([HEADER, *rows, ""]))
            (folder / f"{name}.toml").write_text(PROFILE.replace("2024-02-01", day))
        self.expected = np.where(np.arange(40) < 20, 1, 1 + revised)
        table = ["data", "import", str(folder / "old.csv"), "--profile", str(folder / "old.toml"), "--name", "coins"]
        assert self.ended(table) == 0
        self.old = self.digests()
        table, profile = str(folder / "new.csv"), str(folder / "new.toml")
        self.update = ["data", "update", "coins", "--table", table, "--profile", profile, "--reports", "none"]

    def start(self, arguments: list[str], last_step: int | None = None) -> multiprocessing.process.BaseProcess:
        process = self.processes.Process(target=run, args=(arguments, self.root, last_step))
        process.start()
        return process

    def ended(self, arguments: list[str], last_step: int | None = None) -> int | None:
        process = self.start(arguments, last_step)
        process.join()
        return process.exitcode

    def digests(self) -> dict[str, str]:
        folder = self.root / "coins" / OLD
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}

    def is_whole(self) -> bool:
        """Every snapshot verifies, and the old one is as it was; whether the new one is there. It is removed again."""
        assert self.digests() == self.old
        folders = catalog.dated_folders("coins", self.root)
        assert [folder.name for folder in folders] in ([OLD], [OLD, NEW])
        assert (load_market(folders[0]).prices.to_numpy() == np.ones((30, 100))).all()
        if len(folders) == 1:
            return False
        assert (load_market(folders[1]).prices.to_numpy() == self.expected[:, None]).all()
        shutil.rmtree(folders[1])
        return True

    def assert_clean_after_another(self) -> None:
        """The next update works, and leaves nothing of those that were killed."""
        assert self.ended(self.update) == 0
        assert names_in(self.root / "coins") == {OLD, NEW}
        assert names_in(self.root) == {"coins"}
        assert self.is_whole()


@pytest.fixture(params=[False, True], ids=["appended", "revised"])
def coins(tmp_path: Path, request: pytest.FixtureRequest) -> Catalog:
    return Catalog(tmp_path, request.param)


def test_an_update_killed_at_any_step_leaves_every_snapshot_whole_and_no_litter(coins: Catalog) -> None:
    step, code = 1, None
    while code != 0:
        code = coins.ended(coins.update, last_step=step)
        assert code in (0, -signal.SIGKILL)
        assert coins.is_whole() or code != 0
        step += STEPS
    assert step > 60
    coins.assert_clean_after_another()


def test_updates_killed_at_random_moments_leave_every_snapshot_whole_and_no_litter(coins: Catalog) -> None:
    begun = time.monotonic()
    coins.assert_clean_after_another()
    longest = time.monotonic() - begun
    moments, killed = random.Random(1 if SCALE == 1 else None), 0
    for _ in range(KILLS):
        process = coins.start(coins.update)
        process.join(moments.uniform(0, longest))
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
        coins.is_whole()
    assert killed > 0
    coins.assert_clean_after_another()
