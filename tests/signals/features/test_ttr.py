"""The indicators give the numbers of the R package TTR on its own data."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from research.signals.features import bars, indicators
from research.signals.features.trailing import Observed, means, moments
from research.typing import FloatArray
from tests.conftest import shared


@cache
def ttrc() -> dict[str, FloatArray]:
    table = pd.read_csv(shared("reference/ttrc.csv"))
    return {name.lower(): table[name].to_numpy(float)[:, None] for name in ("Open", "High", "Low", "Close", "Volume")}


@cache
def references() -> dict[str, float]:
    table = pd.read_csv(shared("reference/reference_values.csv"))
    return {str(name): float(value) for name, value in zip(table["id"], table["value"], strict=True)}


def computed() -> dict[str, float]:
    data = ttrc()
    opens, high, low, close, volume = (data[name] for name in ("open", "high", "low", "close", "volume"))
    rows = np.array([len(close) - 1])
    year = np.sqrt(365.0)
    line, signal = indicators.macd(close, 12, 26, 9)
    plus, minus, adx = indicators.directional(high, low, close, 14)
    span = indicators.true_range(high, low, close)
    typical = (high + low + close) / 3.0
    flow = indicators.signed_volume(close, volume)
    found = {
        "SMA20": means(Observed.of(close), rows, 20),
        "EMA20": indicators.ema(close, 20)[-1:],
        "EMA20_wilder": indicators.wilder(close, 20)[-1:],
        "RSI14": indicators.rsi(close, 14)[-1:],
        "MACD_12_26_9[2006-12-29|macd]": line[-1:],
        "MACD_12_26_9[2006-12-29|signal]": signal[-1:],
        "ATR14[2006-12-29|tr]": span[-1:],
        "ATR14[2006-12-29|atr]": indicators.wilder(span, 14)[-1:],
        "ADX14[2006-12-29|DIp]": plus[-1:],
        "ADX14[2006-12-29|DIn]": minus[-1:],
        "ADX14[2006-12-29|ADX]": adx[-1:],
        "BBands20_2[2006-12-29|pctB]": indicators.percent_b(typical, rows, 20),
        "CCI20": indicators.cci(high, low, close, rows, 20),
        "MFI14": indicators.mfi(high, low, close, volume, rows, 14),
        "CMF20": indicators.money_flow(high, low, close, volume, rows, 20),
        "aroon20[2006-12-29|oscillator]": indicators.aroon(Observed.of(high), Observed.of(low), rows, 20),
        "stoch14[2006-12-29|fastK]": indicators.channel_position(Observed.of(high), Observed.of(low), close, rows, 14),
        "vol_parkinson_20_365": bars.parkinson(high, low, rows, 20) * year,
        "vol_gk_20_365": bars.garman_klass(opens, high, low, close, rows, 20) * year,
        "vol_rs_20_365": bars.rogers_satchell(opens, high, low, close, rows, 20) * year,
        "vol_yz_20_365": bars.yang_zhang(opens, high, low, close, rows, 20) * year,
        # TTR counts the volume of the first day as rising
        "OBV": np.nansum(flow, axis=0) + volume[0],
    }
    return {name: float(np.ravel(value)[0]) for name, value in found.items()}


NAMES = [
    *["SMA20", "EMA20", "EMA20_wilder", "RSI14"],
    *[
        "MACD_12_26_9[2006-12-29|macd]",
        "MACD_12_26_9[2006-12-29|signal]",
        "ATR14[2006-12-29|tr]",
        "ATR14[2006-12-29|atr]",
    ],
    *["ADX14[2006-12-29|DIp]", "ADX14[2006-12-29|DIn]", "ADX14[2006-12-29|ADX]", "BBands20_2[2006-12-29|pctB]"],
    *["CCI20", "MFI14", "CMF20", "aroon20[2006-12-29|oscillator]"],
    *["stoch14[2006-12-29|fastK]", "vol_parkinson_20_365", "vol_gk_20_365", "vol_rs_20_365"],
    *["vol_yz_20_365", "OBV"],
]


@pytest.fixture(scope="module")
def ours() -> dict[str, float]:
    return computed()


@pytest.mark.parametrize("name", NAMES)
def test_an_indicator_gives_the_number_of_ttr(ours: dict[str, float], name: str) -> None:
    assert ours[name] == pytest.approx(references()[f"ttr.{name}"], rel=1e-10)


def test_the_momentum_and_the_close_to_close_volatility_of_ttr() -> None:
    """TTR's volatility over 20 is over 20 closes, so 19 returns."""
    close = ttrc()["close"]
    returns = indicators.changes(np.log(close))
    assert np.log(close[-1] / close[-11])[0] == pytest.approx(references()["ttr.ROC10_log"], rel=1e-12)
    daily = moments(Observed.of(returns), np.array([len(close) - 1]), 19).deviation[0, 0]
    assert daily * np.sqrt(365.0) == pytest.approx(references()["ttr.vol_close_20_365"], rel=1e-10)
