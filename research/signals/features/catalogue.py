"""Which features there are, and which of them a market has the columns and assets for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from research.errors import MethodologyError, suggest
from research.market import MarketData
from research.signals.features import (
    autocorrelation,
    comovement,
    drawdown,
    liquidity,
    momentum,
    regime,
    relative_strength,
    seasonality,
    size,
    tail,
    trend,
    volatility,
    volume,
)
from research.signals.features.extra import extra_features
from research.signals.features.inputs import BITCOIN, ETHEREUM
from research.signals.features.registry import Feature

TOKEN_FEATURES = (
    *momentum.FEATURES,
    *trend.FEATURES,
    *volatility.FEATURES,
    *drawdown.FEATURES,
    *liquidity.FEATURES,
    *volume.FEATURES,
    *relative_strength.FEATURES,
    *comovement.FEATURES,
    *size.FEATURES,
    *tail.FEATURES,
    *autocorrelation.FEATURES,
    *seasonality.FEATURES,
)
REGIME_FEATURES = regime.FEATURES


def of_market(market: MarketData, features: Iterable[Feature]) -> list[Feature]:
    """Those of the features that the market has the inputs for."""
    has = {"price", "market_cap", "volume", *market.extra} | ({BITCOIN, ETHEREUM} & set(market.prices.columns))
    return [feature for feature in features if has.issuperset(feature.inputs)]


def token_features(market: MarketData) -> list[Feature]:
    """Every feature of the market's assets, in the order of the catalogue, those of its further columns last."""
    return of_market(market, (*TOKEN_FEATURES, *extra_features(market.extra)))


def chosen(market: MarketData, names: Sequence[str] | None) -> list[Feature]:
    """The features of these names, in their order; all that the market has where there are none.

    Raises
    ------
    MethodologyError
        If there is no feature of a name, or the market has not what it needs.
    """
    known = {feature.name: feature for feature in token_features(market)}
    if names is None:
        return list(known.values())
    for name in names:
        if name not in known:
            raise _unknown(name, known)
    return [known[name] for name in names]


def _unknown(name: str, known: dict[str, Feature]) -> MethodologyError:
    for feature in TOKEN_FEATURES:
        if feature.name == name:
            needs = ", ".join(feature.inputs)
            return MethodologyError(
                f"feature {name!r} needs {needs}, and the market has not all of them. Leave it out."
            )
    if any(feature.name == name for feature in REGIME_FEATURES):
        return MethodologyError(
            f"feature {name!r} is one of the market, not of its assets: take it from regime_features."
        )
    return MethodologyError(f"there is no feature {name!r}: {suggest(name, known)}")
