"""Trend: moving averages, regression lines, channels and oscillators."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from research.signals.features import indicators
from research.signals.features.inputs import Inputs
from research.signals.features.registry import Feature
from research.signals.features.trailing import counted, means, over, ratio, total
from research.typing import FloatArray

RANGES = ("price",)  # of high and low the features below make use where the market has them


def sma(inputs: Inputs, window: int) -> FloatArray:
    """Mean price of the window."""
    return inputs.once(("sma", window), lambda: means(inputs.observed_price, inputs.rows, window))


def _price_to_sma(inputs: Inputs, window: int) -> FloatArray:
    return inputs.at(inputs.price) / sma(inputs, window) - 1.0


def _sma_to_sma(inputs: Inputs, fast: int, slow: int) -> FloatArray:
    return sma(inputs, fast) / sma(inputs, slow) - 1.0


def _macd(inputs: Inputs) -> tuple[FloatArray, FloatArray]:
    def at_rows() -> tuple[FloatArray, FloatArray]:
        line, signal = indicators.macd(inputs.price, 12, 26, 9)
        return line[inputs.rows], signal[inputs.rows]

    return inputs.once("macd", at_rows)


def _ema_ratio(inputs: Inputs) -> FloatArray:
    return _macd(inputs)[0] / 100.0


def _macd_histogram(inputs: Inputs) -> FloatArray:
    line, signal = _macd(inputs)
    return line - signal


def _regression(inputs: Inputs, window: int) -> tuple[FloatArray, FloatArray]:
    """Slope per day of ln P on time, and R squared."""

    def fitted(log_price: FloatArray, there: FloatArray) -> FloatArray:
        y = (log_price - log_price[-1]) * there  # from today: sums of small numbers
        days = np.arange(1.0 - len(y), 1.0)[:, None]
        count = counted(total(there), window)
        x_sum, xx_sum = total(days * there), total(days * days * there)
        y_sum, yy_sum, xy_sum = total(y), total(y * y), total(days * y)
        xx = xx_sum - x_sum * (x_sum / count)
        yy = yy_sum - y_sum * (y_sum / count)
        xy = xy_sum - x_sum * (y_sum / count)
        slope = ratio(xy, xx)
        yy = np.where(yy <= 1e-12 * yy_sum, 0.0, yy)
        return np.stack([slope, np.minimum(ratio(slope * xy, yy), 1.0)])

    known = inputs.observed_log_price

    def both() -> tuple[FloatArray, FloatArray]:
        found = over(inputs.rows, window, fitted, known.values, known.there)
        if found.ndim == 2:  # no row has the days
            return found, found
        return found[:, 0], found[:, 1]

    return inputs.once(("regression", window), both)


def _slope(inputs: Inputs, window: int) -> FloatArray:
    slope, r_squared = _regression(inputs, window)
    return slope * r_squared


def _r_squared(inputs: Inputs, window: int) -> FloatArray:
    return _regression(inputs, window)[1]


def _directional(inputs: Inputs) -> tuple[FloatArray, FloatArray]:
    def at_rows() -> tuple[FloatArray, FloatArray]:
        plus, minus, adx = indicators.directional(inputs.high, inputs.low, inputs.price, 14)
        return plus[inputs.rows] - minus[inputs.rows], adx[inputs.rows]

    return inputs.once("directional", at_rows)


def _di_difference(inputs: Inputs) -> FloatArray:
    return _directional(inputs)[0]


def _adx(inputs: Inputs) -> FloatArray:
    return _directional(inputs)[1]


def _channel(inputs: Inputs, window: int) -> FloatArray:
    return indicators.channel_position(inputs.observed_high, inputs.observed_low, inputs.price, inputs.rows, window)


def _aroon(inputs: Inputs) -> FloatArray:
    return indicators.aroon(inputs.observed_high, inputs.observed_low, inputs.rows, 25)


def _rsi(inputs: Inputs, window: int) -> FloatArray:
    return indicators.rsi(inputs.price, window)[inputs.rows]


def _cci(inputs: Inputs) -> FloatArray:
    return indicators.cci(inputs.high, inputs.low, inputs.price, inputs.rows, 20)


def _percent_b(inputs: Inputs) -> FloatArray:
    return indicators.percent_b(inputs.price, inputs.rows, 20)


def _feature(name: str, formula: str, window: int, source: str, function: Callable[[Inputs], FloatArray]) -> Feature:
    return Feature(
        name=name, group="trend", formula=formula, inputs=RANGES, window=window, source=source, function=function
    )


FEATURES = (
    *(
        _feature(
            f"sma_ratio_{w}d",
            f"P/SMA{w} - 1",
            w,
            "Brock, Lakonishok and LeBaron 1992",
            partial(_price_to_sma, window=w),
        )
        for w in (7, 20, 50, 100, 200)
    ),
    *(
        _feature(
            f"sma_{fast}d_to_{slow}d",
            f"SMA{fast}/SMA{slow} - 1",
            slow,
            "Brock, Lakonishok and LeBaron 1992",
            partial(_sma_to_sma, fast=fast, slow=slow),
        )
        for fast, slow in ((20, 50), (50, 200))
    ),
    _feature("ema_12d_to_26d", "EMA12/EMA26 - 1", 26, "Appel 2005", _ema_ratio),
    _feature("macd_histogram", "D - EMA9(D), D = 100 (EMA12/EMA26 - 1)", 34, "Appel 2005", _macd_histogram),
    *(
        _feature(
            f"trend_slope_{w}d",
            f"OLS slope of ln P on days x R squared, {w} days",
            w,
            "Clenow 2015",
            partial(_slope, window=w),
        )
        for w in (30, 90)
    ),
    _feature("trend_r_squared_30d", "R squared of ln P on days", 30, "Clenow 2015", partial(_r_squared, window=30)),
    _feature("adx_14d", "average directional index, 14, of H, L, C*", 28, "Wilder 1978", _adx),
    _feature("di_difference_14d", "DI+ - DI-, 14, of H, L, C*", 14, "Wilder 1978", _di_difference),
    *(
        _feature(
            f"donchian_position_{w}d",
            f"(P - min L) / (max H - min L), {w} days*",
            w,
            "Donchian 1960",
            partial(_channel, window=w),
        )
        for w in (20, 60)
    ),
    _feature("aroon_25d", "100 (days since min L - days since max H) / 25*", 26, "Chande 1995", _aroon),
    *(
        _feature(f"rsi_{w}d", f"relative strength index, {w}", w, "Wilder 1978", partial(_rsi, window=w))
        for w in (14, 30)
    ),
    _feature(
        "stochastic_14d", "(P - min L) / (max H - min L), 14 days*", 14, "Lane 1984", partial(_channel, window=14)
    ),
    _feature("cci_20d", "(T - SMA20 T) / (0.015 mean |T - SMA20 T|), T = (H + L + C)/3*", 20, "Lambert 1980", _cci),
    _feature(
        "bollinger_20d", "(P - lower) / (upper - lower), bands at SMA20 +- 2 sd", 20, "Bollinger 2001", _percent_b
    ),
)
