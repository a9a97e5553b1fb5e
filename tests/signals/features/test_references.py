"""Features against other programs (pandas, scipy, statsmodels) and plain loops over one asset's own series."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.tools import add_constant

from research.market import MarketData
from research.point_in_time import PointInTime
from research.signals.features import features
from research.typing import FloatArray
from tests.signals.features.markets import random_market, weekly

ASSET = 1


@pytest.fixture(scope="module")
def market() -> MarketData:
    return random_market(11, days=900, gaps=False)


@pytest.fixture(scope="module")
def found(market: MarketData) -> dict[str, FloatArray]:
    source = PointInTime(market)
    return dict(features(source, *weekly(source)))


class Series:
    """One asset of a market as series up to one day."""

    def __init__(self, market: MarketData, row: int) -> None:
        panels = {"p": market.prices, "m": market.market_caps, "v": market.volumes, **market.extra}
        for name, panel in panels.items():
            setattr(self, name.split()[0].lower(), panel.iloc[: row + 1, ASSET])
        self.r = np.log(self.p).diff()
        self.all_r = np.log(market.prices.iloc[: row + 1]).diff()
        self.b = self.all_r["bitcoin"]
        self.bp = market.prices["bitcoin"].iloc[: row + 1]

    p: pd.Series
    m: pd.Series
    v: pd.Series
    open: pd.Series
    high: pd.Series
    low: pd.Series
    tweets: pd.Series


def trend_line(s: Series, days: int) -> tuple[float, float]:
    fit = stats.linregress(np.arange(days), np.log(s.p.iloc[-days:]))
    return float(fit.slope), float(fit.rvalue**2)


def on_bitcoin(s: Series, days: int):
    return OLS(s.r.iloc[-days:].to_numpy(), add_constant(s.b.iloc[-days:].to_numpy())).fit()


def deepest(s: Series) -> FloatArray:
    p = s.p.iloc[-90:]
    return (p / p.cummax() - 1).to_numpy()


def spread_of_roll(s: Series) -> float:
    pairs = pd.DataFrame({"now": s.r, "before": s.r.shift()}).iloc[-60:]
    covariance = pairs.cov().iloc[0, 1]
    return float(-np.sign(covariance) * 2 * np.sqrt(abs(covariance)))


def downside_beta(s: Series) -> float:
    both = pd.DataFrame({"x": s.b, "y": s.r}).iloc[-90:]
    both = both[both["x"] < 0]
    return float(stats.linregress(both["x"], both["y"]).slope)


def hill(s: Series) -> float:
    losses = np.sort(-s.r.iloc[-180:].to_numpy())[::-1]
    return 1.0 / float(np.mean([np.log(loss / losses[18]) for loss in losses[:18]]))


def variance_ratio(s: Series) -> float:
    """Lo and MacKinlay (1988), equation 12: overlapping, unbiased."""
    x = np.log(s.p.iloc[-121:]).to_numpy()
    n, q = 120, 5
    mu = (x[-1] - x[0]) / n
    one = sum((x[k] - x[k - 1] - mu) ** 2 for k in range(1, n + 1)) / (n - 1)
    long = sum((x[k] - x[k - q] - q * mu) ** 2 for k in range(q, n + 1)) / (q * (n - q + 1) * (1 - q / n))
    return float(long / one)


def rescaled_range(s: Series) -> float:
    returns = s.r.iloc[-180:].to_numpy()
    points = []
    for length in (20, 60, 180):
        ratios = []
        for start in range(0, 180, length):
            part = returns[start : start + length]
            path = np.append(0.0, np.cumsum(part - part.mean()))
            ratios.append((path.max() - path.min()) / part.std())
        points.append((np.log(length), np.log(np.mean(ratios))))
    return float(stats.linregress(*zip(*points, strict=True)).slope)


def same_week(s: Series) -> float:
    row = len(s.p) - 1
    logs = np.log(s.p.to_numpy())
    return float(np.mean([logs[row - back + 7] - logs[row - back] for back in (365, 730)]))


def amihud(s: Series, days: int) -> float:
    part = (s.r.abs() / s.v.where(s.v > 0)).iloc[-days:]
    return float(part.mean())


def corwin_schultz(s: Series) -> float:
    """Day by day after the paper, with its correction for the night."""
    estimates = []
    for k in range(len(s.p) - 30, len(s.p)):
        high, low, before = s.high.iloc[k], s.low.iloc[k], s.p.iloc[k - 1]
        shift = before - high if before > high else (before - low if before < low else 0.0)
        if shift:  # the night's move is taken off in logarithms
            factor = before / high if before > high else before / low
            high, low = high * factor, low * factor
        beta = np.log(s.high.iloc[k - 1] / s.low.iloc[k - 1]) ** 2 + np.log(high / low) ** 2
        gamma = np.log(max(high, s.high.iloc[k - 1]) / min(low, s.low.iloc[k - 1])) ** 2
        k2 = 3 - 2 * np.sqrt(2)
        alpha = (np.sqrt(2 * beta) - np.sqrt(beta)) / k2 - np.sqrt(gamma / k2)
        estimates.append(max(0.0, 2 * (np.exp(alpha) - 1) / (1 + np.exp(alpha))))
    return float(np.mean(estimates))


def abdi_ranaldo(s: Series) -> float:
    middle, close = (np.log(s.high) + np.log(s.low)) / 2, np.log(s.p)
    squares = 4 * (close - middle) * (close - middle.shift(-1))
    return float(np.sqrt(squares.clip(lower=0)).shift().iloc[-30:].mean())


def obv_slope(s: Series) -> float:
    obv = (np.sign(s.p.diff()) * s.v).fillna(0).cumsum().iloc[-30:]
    return float(stats.linregress(np.arange(30), obv).slope / s.v.iloc[-30:].mean())


def volume_z(s: Series) -> float:
    weekly = s.v.rolling(7).mean().iloc[-180:]
    return float((weekly.iloc[-1] - weekly.mean()) / weekly.std())


def weekend(s: Series) -> float:
    r = s.r.iloc[-90:]
    late = r.index.day_name().isin(["Saturday", "Sunday"])
    return float(r[late].mean() - r[~late].mean())


REFERENCES: dict[str, Callable[[Series], float]] = {
    "momentum_30d": lambda s: np.log(s.p.iloc[-1] / s.p.iloc[-31]),
    "momentum_90d_skip_14d": lambda s: np.log(s.p.iloc[-15] / s.p.iloc[-91]),
    "acceleration_14d": lambda s: s.r.iloc[-14:].sum() - s.r.iloc[-28:-14].sum(),
    "momentum_to_volatility_30d": lambda s: s.r.iloc[-30:].sum() / (s.r.iloc[-30:].std() * 30**0.5),
    "information_discreteness_30d": lambda s: (
        np.sign(s.r.iloc[-30:].sum()) * ((s.r.iloc[-30:] < 0).mean() - (s.r.iloc[-30:] > 0).mean())
    ),
    "sma_ratio_50d": lambda s: s.p.iloc[-1] / s.p.iloc[-50:].mean() - 1,
    "sma_50d_to_200d": lambda s: s.p.iloc[-50:].mean() / s.p.iloc[-200:].mean() - 1,
    "trend_slope_90d": lambda s: np.prod(trend_line(s, 90)),
    "trend_r_squared_30d": lambda s: trend_line(s, 30)[1],
    "volatility_30d": lambda s: s.r.iloc[-30:].std(),
    "volatility_of_volatility_60d": lambda s: s.r.rolling(7).std().iloc[-60:].std(),
    "downside_deviation_30d": lambda s: np.sqrt((np.minimum(s.r.iloc[-30:], 0) ** 2).mean()),
    "idiosyncratic_volatility_60d": lambda s: np.sqrt(on_bitcoin(s, 60).mse_resid),
    "drawdown_365d": lambda s: s.p.iloc[-1] / s.p.iloc[-365:].max() - 1,
    "days_since_high_90d": lambda s: (89 - int(np.argmax(s.p.iloc[-90:]))) / 90,
    "max_drawdown_90d": lambda s: deepest(s).min(),
    "ulcer_index_90d": lambda s: np.sqrt((deepest(s) ** 2).mean()),
    "log_volume_30d": lambda s: np.log(s.v.iloc[-30:].median()),
    "turnover_30d": lambda s: s.v.iloc[-30:].mean() / s.m.iloc[-1],
    "amihud_30d": lambda s: amihud(s, 30),
    "corwin_schultz_30d": corwin_schultz,
    "abdi_ranaldo_30d": abdi_ranaldo,
    "roll_60d": spread_of_roll,
    "volume_variation_30d": lambda s: stats.variation(s.v.iloc[-30:], ddof=1),
    "volume_30d_to_90d": lambda s: s.v.iloc[-30:].mean() / s.v.iloc[-90:].mean(),
    "volume_z_180d": volume_z,
    "obv_slope_30d": obv_slope,
    "volume_weighted_return_30d": lambda s: np.average(s.r.iloc[-30:], weights=s.v.iloc[-30:]),
    "up_down_volume_30d": lambda s: s.v.iloc[-30:][s.r.iloc[-30:] > 0].sum() / s.v.iloc[-30:][s.r.iloc[-30:] < 0].sum(),
    "strength_btc_30d": lambda s: s.r.iloc[-30:].sum() - s.b.iloc[-30:].sum(),
    "drawdown_in_btc_90d": lambda s: (s.p / s.bp).iloc[-1] / (s.p / s.bp).iloc[-90:].max() - 1,
    "beta_btc_60d": lambda s: on_bitcoin(s, 60).params[1],
    "beta_btc_180d": lambda s: on_bitcoin(s, 180).params[1],
    "alpha_btc_60d": lambda s: on_bitcoin(s, 60).params[0],
    "r_squared_btc_60d": lambda s: on_bitcoin(s, 60).rsquared,
    "correlation_btc_60d": lambda s: stats.pearsonr(s.r.iloc[-60:], s.b.iloc[-60:])[0],
    "correlation_market_60d": lambda s: s.r.iloc[-60:].corr(s.all_r.iloc[-60:].mean(axis=1)),
    "downside_beta_btc_90d": downside_beta,
    "mean_pairwise_correlation_60d": lambda s: s.all_r.iloc[-60:].corr().iloc[ASSET].drop(s.p.name).mean(),
    "supply_growth_30d": lambda s: np.log((s.m / s.p).iloc[-1] / (s.m / s.p).iloc[-31]),
    "log_age": lambda s: np.log(len(s.p)),
    "skewness_60d": lambda s: stats.skew(s.r.iloc[-60:]),
    "kurtosis_60d": lambda s: stats.kurtosis(s.r.iloc[-60:]),
    "value_at_risk_60d": lambda s: -s.r.iloc[-60:].quantile(0.05),
    "expected_shortfall_90d": lambda s: -s.r.iloc[-90:].nsmallest(4).mean(),
    "max5_30d": lambda s: s.r.iloc[-30:].nlargest(5).mean(),
    "min_return_30d": lambda s: s.r.iloc[-30:].min(),
    "hill_180d": hill,
    "variance_ratio_120d": variance_ratio,
    "hurst_180d": rescaled_range,
    "weekend_effect_90d": weekend,
    "same_week_return": same_week,
    "tweets_per_day_z_180d": lambda s: stats.zscore(s.tweets.iloc[-180:], ddof=1)[-1],
    "tweets_per_day_change_7d": lambda s: np.arcsinh(s.tweets.iloc[-1]) - np.arcsinh(s.tweets.iloc[-8]),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_a_feature_is_what_another_program_makes_of_the_same_series(
    market: MarketData, found: dict[str, FloatArray], name: str
) -> None:
    for row in (6 + 7 * 120, 6 + 7 * 127):
        expected = REFERENCES[name](Series(market, row))
        assert found[name][row // 7, ASSET] == pytest.approx(expected, rel=1e-7, abs=1e-12)


def test_autocorrelation_is_that_of_statsmodels(market: MarketData, found: dict[str, FloatArray]) -> None:
    from statsmodels.tsa.stattools import acf

    returns = Series(market, 6 + 7 * 127).r.iloc[-60:]
    assert found["autocorrelation_60d"][127, ASSET] == pytest.approx(acf(returns, nlags=1)[1], rel=1e-9)
    sizes = acf(returns.abs(), nlags=1)[1]
    assert found["absolute_autocorrelation_60d"][127, ASSET] == pytest.approx(sizes, rel=1e-9)


def test_edge_finds_the_spread_that_prices_were_made_with() -> None:
    """Ten thousand days of trades at bid or ask, a spread of 1 %: the paper's own experiment."""
    from research.signals.features.bars import edge

    rng = np.random.default_rng(0)
    days, trades = 10_000, 390
    middle = np.exp(np.cumsum(rng.normal(0, 0.03 / np.sqrt(trades), days * trades))).reshape(days, trades)
    prices = middle * (1 + 0.005 * rng.choice([-1.0, 1.0], middle.shape))
    opens, high, low, close = prices[:, 0], prices.max(axis=1), prices.min(axis=1), prices[:, -1]
    columns = [series[:, None] for series in (opens, high, low, close)]
    found = edge(*columns, np.array([days - 1]), days)
    assert found[0, 0] == pytest.approx(0.01, rel=0.05)
