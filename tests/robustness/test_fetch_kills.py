"""`research data fetch`, killed at random moments: the next run carries on, and nothing of the killed ones is left."""

from __future__ import annotations

import random
import time
from pathlib import Path

from research.market import load_market
from tests.market.sources.conftest import vendor
from tests.market.sources.server import TODAY, Vendor
from tests.market.sources.test_fetch import COMMAND, names_below, research, stocked
from tests.robustness import SCALE

__all__ = ["vendor"]  # a fixture
KILLS = 2 * SCALE


def test_kill_9_at_random_moments_loses_nothing_and_leaves_nothing(vendor: Vendor, tmp_path: Path) -> None:
    """Two runs in a row are killed, and the third has the snapshot that a run in one piece makes."""
    stocked(vendor).slow = 0.05
    begun = time.monotonic()
    research(*COMMAND, "--name", "measured").wait()
    length = time.monotonic() - begun
    dice = random.Random(12)
    for kill in range(KILLS):
        name = f"killed-{kill}"
        command = [*COMMAND, "--name", name]
        for _ in range(2):
            run = research(*command)
            time.sleep(dice.uniform(0.3, 1.1) * length)
            run.kill()
            run.communicate()
            if (tmp_path / "snapshots" / name).exists():
                for snapshot in (tmp_path / "snapshots" / name).iterdir():
                    if not snapshot.name.startswith("."):
                        assert load_market(snapshot).prices.shape == (300, 12)  # what has its name is whole
        asked = len(vendor.asked)
        last = research(*command)
        _, said = last.communicate()
        assert last.returncode == 0, said
        assert len(vendor.asked) - asked <= 12
        assert load_market(name).prices.equals(load_market("measured").prices)
        assert names_below(tmp_path / "downloads" / name) == names_below(tmp_path / "downloads/measured")
        assert {path.name for path in (tmp_path / "snapshots" / name).iterdir()} == {TODAY.isoformat()}
    assert not list(tmp_path.rglob("*partial*"))
