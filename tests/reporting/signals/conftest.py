"""One review of a recipe's signals on a small simulated market."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from research.index import IndexHistory
from research.index.skill.signal_review import SignalReview, signal_review
from research.signals import SignalHistory
from tests.signals.measure import ridge_pipeline
from tests.signals.worlds import simulated_market


class Reviewed(NamedTuple):
    index: IndexHistory
    signals: SignalHistory
    review: SignalReview


@pytest.fixture(scope="package")
def reviewed() -> Reviewed:
    index, signals = ridge_pipeline(simulated_market(2, days=900, ic=0.1))
    return Reviewed(index, signals, signal_review(index, draws=40))
