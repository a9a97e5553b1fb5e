"""Values that a profile asks to hold back are missing from the snapshot, and in its ledger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from research.errors import DataError
from research.market import Profile, import_table, load_market
from research.market.imports.cleaning import held_back
from research.market.quality import HOLDABLE, hold_back
from tests.conftest import shared
from tests.market.helpers import PROFILE

FILE = "market/coingecko_406_2014_2017_indexconstruction.parquet"


@pytest.mark.parametrize("cells", [held_back.CELLS_AT_A_TIME, 5_000])
def test_an_import_holds_back_what_the_market_in_memory_would(
    cells: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rules on all 406 coins; read some assets at a time, or nearly one by one."""
    monkeypatch.setattr(held_back, "CELLS_AT_A_TIME", cells)
    profile = Profile.load("coingecko-406")
    import_table(shared(FILE), profile, tmp_path / "as found")
    import_table(shared(FILE), replace(profile, hold_back=tuple(HOLDABLE)), tmp_path / "held")
    there, expected = load_market(tmp_path / "held"), hold_back(load_market(tmp_path / "as found"), list(HOLDABLE))
    for name in ("prices", "market_caps", "volumes"):
        pd.testing.assert_frame_equal(getattr(there, name), getattr(expected, name))
    counts = [market.ledger["rule"].value_counts().sort_index() for market in (there, expected)]
    pd.testing.assert_series_equal(*counts)
    assert counts[0].filter(like="held back: ").sum() > 30_000


def test_nothing_is_held_back_unless_it_is_asked_for(tmp_path: Path) -> None:
    import_table(shared(FILE), "coingecko-406", tmp_path / "out")
    assert not load_market(tmp_path / "out").ledger["rule"].str.startswith("held back").any()


def test_a_profile_that_names_no_such_rule_is_refused() -> None:
    with pytest.raises(DataError, match="hold_back: 'spike' is no rule that can hold a value back"):
        replace(PROFILE, hold_back=("spike",))
