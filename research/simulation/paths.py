"""Prices, supplies and volumes of the simulated market, before anything is broken on purpose (`defects.py`).

Log returns of a risky asset are the sum of a market factor, a factor of everything that is not bitcoin, a factor of
its sector and a part of its own. Each factor is a GARCH(1,1) with Student-t innovations, so that tails are fat and
volatility clusters; bull, bear and sideways phases move the drifts. Levels are set to look like crypto markets (bitcoin
60 to 70 % volatility a year, others about 100 %, correlations with bitcoin of 0.5 to 0.7); nothing is fitted to data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from research.simulation.universe import COPIES, DEPEGGED, RUNNING_MEME, SECTORS, Asset

BEAR, SIDEWAYS, BULL = range(3)
PHASE_DAYS = (
    (250, 360),
    (180, 280),
    (300, 420),
)  # shortest and longest, by phase; they follow each other in this order
MARKET_DRIFT = np.array([-0.0032, 0.0004, 0.0040])  # per day, log, by phase
ALTCOIN_DRIFT = np.array([-0.0003, -0.0002, 0.0008])
STABLE_GROWTH = np.array([0.0004, 0.0014, 0.0042])  # of the supply of stablecoins, per day, log, by phase

MARKET_VOLATILITY, ALTCOIN_VOLATILITY, SECTOR_VOLATILITY = 0.035, 0.017, 0.014  # per day
OWN_VOLATILITY = (0.026, 0.042)
NOISE_STEERED = 0.8  # share of the noise's mean that is taken out of each phase
LARGEST_MOVE = 7.0  # standard deviations: a Student-t without a bound would print absurd days

SHARE_AT_START = {  # of a sector's assets, those that trade from the first day
    "sector:payments": 0.9,
    "sector:layer-1": 0.5,
    "sector:storage": 0.6,
    "sector:defi": 0.15,
    "sector:ai": 0.15,
    "sector:gaming": 0.25,
    "meme": 0.25,
    "privacy": 1.0,
    "exchange": 0.6,
}
LISTED_AT = {  # share of the sample gone by when the asset lists, where the story needs it
    "usd-coin": 0.10,
    DEPEGGED: 0.22,
    "wrapped-bitcoin": 0.16,
    "staked-ether": 0.42,
    "galactic-credits": 0.10,
    "moon-hound": 0.33,
    "helion": 0.20,
    "coinharbor-token": 0.22,
    "nova-intelligence": 0.62,
    "nova-chain": 0.0,
    "meridian-markets": 0.25,
    "cortexa": 0.30,
    "cachet": 0.02,
    "quorumite": 0.30,
    "lootbox-labs": 0.38,
    "stakeyard": 0.45,
    "captain-turnip": 0.50,
}
HEAD_START = {"helion": 60.0, "coinharbor-token": 3.0, "moon-hound": 0.15}  # size at the listing, against its peers
PRICE_AT_START = (13_000.0, 620.0)  # bitcoin, ethereum
CAP_AT_START = {"bitcoin": 2.2e11, "ethereum": 6.0e10, "tether": 1.5e9, "usd-coin": 6e8, DEPEGGED: 1.5e8}
MEME_RUN = ((0.452, 30, 0.030), (0.464, 28, 0.080), (0.476, 70, -0.030))  # from (share of sample), days, drift a day


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Arrays of shape (days, assets). An asset's values mean nothing before its listing: `listed` is False there."""

    close: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    supply: np.ndarray
    volume: np.ndarray
    listed: np.ndarray


def simulate_paths(assets: list[Asset], days: int, seed: int) -> Paths:
    """Draw all paths. Each part has a random stream of its own, so that a change in one leaves the others alone."""
    streams = iter([np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(8)])
    phase = _phases(next(streams), days)
    first = _listing_days(next(streams), assets, days)
    returns = _risky_returns(next(streams), assets, phase)
    rise = np.cumsum(np.vstack([np.zeros(len(assets)), returns[1:]]), axis=0)
    columns = np.arange(len(assets))
    rise -= rise[first, columns]
    caps = _caps_at_listing(next(streams), assets, first, rise)
    close = _prices(next(streams), assets, rise)
    growth = np.cumsum(_supply_growth(next(streams), assets, phase), axis=0)
    supply = (caps / close[first, columns]) * np.exp(growth - growth[first, columns])
    volume = _volume(next(streams), assets, close, supply)
    spread = _spreads(assets, caps)
    open_, high, low, close = _candles(next(streams), close, spread)
    listed = np.arange(days)[:, None] >= first
    return Paths(close=close, open=open_, high=high, low=low, supply=supply, volume=volume, listed=listed)


def garch(
    rng: np.random.Generator,
    volatility: np.ndarray,
    days: int,
    *,
    shock: float = 0.09,
    memory: float = 0.88,
    tail: float = 5.0,
) -> np.ndarray:
    """Returns with GARCH(1,1) variance and Student-t innovations of `tail` degrees of freedom, shape (days, series).

    h(t) = (1 - shock - memory) v + shock r(t-1)^2 + memory h(t-1), r(t) = sqrt(h(t)) z(t), with v the squared
    `volatility` per day (Bollerslev 1986).
    """
    z = rng.standard_t(tail, size=(days, len(volatility))) * np.sqrt((tail - 2) / tail)
    z = np.clip(z, -LARGEST_MOVE, LARGEST_MOVE)
    variance = np.square(volatility)
    base = (1 - shock - memory) * variance
    returns: np.ndarray = np.empty_like(z)
    for t in range(days):
        returns[t] = np.sqrt(variance) * z[t]
        variance = base + shock * np.square(returns[t]) + memory * variance
    return returns


def _phases(rng: np.random.Generator, days: int) -> np.ndarray:
    """The phase of each day: bear, sideways and bull in turn, each of random length."""
    lengths: list[int] = []
    while sum(lengths) < days:
        lengths += [int(rng.integers(*PHASE_DAYS[phase])) for phase in (BEAR, SIDEWAYS, BULL)]
    return np.repeat(np.arange(len(lengths)) % 3, lengths)[:days]


def _listing_days(rng: np.random.Generator, assets: list[Asset], days: int) -> np.ndarray:
    """Row of the first price of each asset."""
    first = np.zeros(len(assets), dtype=int)
    for tag, names in SECTORS.items():
        at_start = round(SHARE_AT_START.get(tag, 0.0) * len(names))
        members = [i for i, asset in enumerate(assets) if asset.tag == tag and asset.kind == "risky"][-len(names) :]
        later = rng.uniform(0.04, 0.78, size=len(names) - at_start)
        first[members[at_start:]] = np.sort(later * days).astype(int)
    for i, asset in enumerate(assets):
        if asset.asset_id in LISTED_AT:
            first[i] = int(LISTED_AT[asset.asset_id] * days)
    return first


def _risky_returns(rng: np.random.Generator, assets: list[Asset], phase: np.ndarray) -> np.ndarray:
    days, count = len(phase), len(assets)
    market = _steered(garch(rng, np.array([MARKET_VOLATILITY]), days), phase, MARKET_DRIFT)
    altcoins = _steered(garch(rng, np.array([ALTCOIN_VOLATILITY]), days), phase, ALTCOIN_DRIFT)
    sectors = list(SECTORS)
    by_sector = garch(rng, np.full(len(sectors), SECTOR_VOLATILITY), days)
    own_volatility: np.ndarray = rng.uniform(*OWN_VOLATILITY, size=count)
    beta, altcoin_loading = rng.normal(1.05, 0.12, size=count), rng.normal(1.0, 0.25, size=count)
    own_volatility[:2], beta[:2], altcoin_loading[:2] = (0.008, 0.018), (1.0, 1.05), (0.0, 0.8)
    own = garch(rng, own_volatility, days, tail=4.0) - 0.3 * np.square(own_volatility)
    sector = by_sector[:, [sectors.index(asset.tag) if asset.tag in sectors else 0 for asset in assets]]
    sector[:, 0] = 0.0  # bitcoin is the market, not a member of a sector
    returns: np.ndarray = beta * market + altcoin_loading * altcoins + sector + own
    runner = [asset.asset_id for asset in assets].index(RUNNING_MEME)
    for share, length, drift in MEME_RUN:
        begin = int(share * days)
        returns[begin : begin + length, runner] += drift
    bogus = [asset.kind == "bogus" for asset in assets]
    returns[:, bogus] *= 0.2
    return returns


def _steered(noise: np.ndarray, phase: np.ndarray, drift: np.ndarray) -> np.ndarray:
    """Add the drift of each day's phase, and take most of the noise's own mean out of each phase.

    Otherwise the noise of seven years (1.7 in logs) would outweigh the phases, and a bull market might be none.
    """
    returns = noise + drift[phase, None]
    begins = np.flatnonzero(np.diff(phase, prepend=-1))
    lengths = np.diff(begins, append=len(phase))
    means = np.add.reduceat(noise, begins) / lengths[:, None]
    return np.asarray(returns - NOISE_STEERED * np.repeat(means, lengths, axis=0))


def _supply_growth(rng: np.random.Generator, assets: list[Asset], phase: np.ndarray) -> np.ndarray:
    """Log growth of the circulating supply, shape (days, assets): slow issuance, and unlocks on a few days."""
    days, count = len(phase), len(assets)
    growth = np.tile(rng.uniform(0.0, 0.12, size=count) / 365, (days, 1))
    growth[:, :2] = 0.017 / 365, 0.03 / 365
    for i in range(2, count):  # an unlock: a locked part becomes circulating
        unlocks = rng.integers(0, days, size=rng.integers(0, 4))
        growth[unlocks, i] += rng.uniform(0.02, 0.15, size=len(unlocks))
    kinds = np.array([asset.kind for asset in assets])
    growth[:, kinds == "stable"] = STABLE_GROWTH[phase, None] * rng.uniform(0.8, 1.1, size=(kinds == "stable").sum())
    growth[:, kinds == "copy"] = 0.0012
    return growth


def _caps_at_listing(rng: np.random.Generator, assets: list[Asset], first: np.ndarray, rise: np.ndarray) -> np.ndarray:
    """Sizes fall by rank as a power law; who lists later is smaller, and larger when the whole market is."""
    caps = np.empty(len(assets))
    risky = [i for i, asset in enumerate(assets) if asset.kind == "risky" and asset.asset_id not in CAP_AT_START]
    at_start = [i for i in risky if first[i] == 0]
    later = [i for i in risky if first[i] > 0]
    caps[at_start] = 3.0e10 * rng.permutation(np.arange(1, len(at_start) + 1)) ** -1.3
    market_then = np.exp(0.6 * (rise[first[later], 0] - rise[0, 0]))
    caps[later] = 10 ** rng.uniform(7.3, 9.2, size=len(later)) * market_then
    for i, asset in enumerate(assets):
        caps[i] = CAP_AT_START.get(asset.asset_id, caps[i] * HEAD_START.get(asset.asset_id, 1.0))
        if asset.kind == "bogus":
            caps[i] = 2.5e11
        elif asset.kind == "copy":
            caps[i] = 5e7
    return caps


def _prices(rng: np.random.Generator, assets: list[Asset], rise: np.ndarray) -> np.ndarray:
    """Closes: stablecoins wander around one dollar, a wrapped or staked copy follows its parent, others just rise."""
    days, count = rise.shape
    close: np.ndarray = 10 ** rng.uniform(-2, 1.5, size=count) * np.exp(rise)
    close[:, :2] = PRICE_AT_START * np.exp(rise[:, :2])
    wander = 0.0008 * _persistent(rng, (days, count), 0.8)
    ids = [asset.asset_id for asset in assets]
    for i, asset in enumerate(assets):
        if asset.kind == "stable":
            close[:, i] = np.exp(wander[:, i])
        elif asset.kind == "copy":
            discount = 0.004 if asset.tag == "staked" else 0.0
            close[:, i] = close[:, ids.index(COPIES[asset.asset_id])] * np.exp(0.5 * wander[:, i] - discount)
    return close


def _persistent(rng: np.random.Generator, shape: tuple[int, int], memory: float) -> np.ndarray:
    """AR(1) noise of unit variance along the first axis."""
    noise: np.ndarray = rng.standard_normal(shape)
    for t in range(1, len(noise)):
        noise[t] = memory * noise[t - 1] + np.sqrt(1 - memory**2) * noise[t]
    return noise


def _volume(rng: np.random.Generator, assets: list[Asset], close: np.ndarray, supply: np.ndarray) -> np.ndarray:
    """USD traded: a share of the cap that is the asset's own, persistent, and higher on days of large moves."""
    days, count = close.shape
    usual = {"risky": 0.04, "stable": 0.45, "copy": 0.02, "bogus": 2e-8}
    level = np.log([usual[asset.kind] for asset in assets]) + 0.6 * rng.standard_normal(count)
    level[:2] = np.log((0.045, 0.06))
    wander = 0.4 * _persistent(rng, (days, count), 0.92)
    moves = np.abs(np.diff(np.log(close), axis=0, prepend=np.log(close[:1])))
    excitement = np.minimum(moves / moves.mean(axis=0), 4.0)
    return np.asarray(close * supply * np.exp(level + wander + 0.3 * (excitement - 1)))


def _spreads(assets: list[Asset], caps: np.ndarray) -> np.ndarray:
    """Full bid-ask spread as a share of the price: 4 basis points for the largest, 1.2 % for the smallest."""
    spread: np.ndarray = np.clip(0.0004 * (2e11 / caps) ** 0.35, 0.0004, 0.012)
    spread[[asset.kind in ("stable", "copy") for asset in assets]] = 0.0003  # arbitrage keeps them tight
    return spread


def _candles(
    rng: np.random.Generator, middle: np.ndarray, spread: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Open, high, low and close of each day from the mid prices at the closes.

    Within a day the mid price is a Brownian bridge: its highest point above the two ends has the distribution
    P(max > x) = exp(-2 (x-a)(x-b) / variance), which is inverted. Trades happen half a spread above or below it.
    """
    end = np.log(middle)
    begin = np.vstack([end[:1], end[:-1]])
    variance = np.square(end - begin)
    for t in range(1, len(variance)):  # what the day moved is one noisy measure of its variance: smooth it
        variance[t] = 0.85 * variance[t - 1] + 0.15 * variance[t]
    reach = [np.sqrt(np.square(end - begin) - 2 * variance * np.log(1 - rng.random(end.shape))) for _ in range(2)]
    top, bottom = (begin + end + reach[0]) / 2, (begin + end - reach[1]) / 2
    half = spread / 2
    sides = rng.choice([-1.0, 1.0], size=(2, *end.shape))
    open_, close = begin + sides[0] * half, end + sides[1] * half
    high, low = np.maximum(top + half, np.maximum(open_, close)), np.minimum(bottom - half, np.minimum(open_, close))
    return np.exp(open_), np.exp(high), np.exp(low), np.exp(close)
