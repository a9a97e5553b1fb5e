"""Daily candles of one exchange through ccxt, an optional extra: open, high, low, close, and volume in USD.

Facts (docs.ccxt.com, read in 2026 as a stored copy): `fetch_ohlcv(symbol, "1d", since, limit)` gives at most `limit`
candles from `since` on, each [instant of its opening in ms, open, high, low, close, volume in the base currency]; the
last one may be of a day that has not ended. ccxt keeps the exchange's rate limit by itself. Candles are public: no key.

A candle opened at 00:00 of D closes with UTC day D, so nothing is moved. An exchange knows no market caps: they can
come from another snapshot, as the latest supply known there (its cap / its price) times this close, where both prices
agree: one ticker may be two coins.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from research.errors import DataError, suggest
from research.market.data import MarketData
from research.market.imports.profile.assets import Asset
from research.market.imports.profile.profiles import Profile
from research.market.manifest import instant
from research.market.snapshots.catalog import find_snapshot
from research.market.snapshots.load import load_market
from research.market.sources.calls import Plan, Watch, changed, is_fresh, last_retrieved, of_kind, parsed, write_rows
from research.market.sources.ccxt_server import EPOCH, Server, ccxt_class
from research.market.sources.client import now
from research.market.sources.downloads import Downloads, file_name

PROFILE = Path(__file__).with_name("exchange.toml")
KNOWN = Path(__file__).with_name("coinmetrics.toml")  # its tickers and those of exchanges are the same, but for case
DOLLARS = ("USD", "USDT", "USDC", "FDUSD", "TUSD", "BUSD")
SURE_DAYS = 100  # of the exchanges of ccxt that state how many candles they give at a time, the fewest (bitbns, 2026)
SUPPLY_DAYS = 35  # so long a supply of the other snapshot stands: some list it monthly
PRICE_WITHIN = (
    0.1  # of the close here the other snapshot's price must be, or it is another coin: as [join] of a profile
)
MARKETS = "markets.json"
NUMBERS = ("open", "high", "low", "price", "volume", "market_cap")
SCHEMA = pa.schema({"date": pa.date32(), "ticker": pa.string(), **dict.fromkeys(NUMBERS, pa.float64())})


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A fetch of an exchange's daily candles.

    Attributes
    ----------
    exchange : str
        ccxt's id (binance, kraken, coinbase).
    since : date
        The first day wanted.
    quote : str
        The currency of the pairs, one that is held to be a dollar.
    assets : tuple of str
        Tickers (BTC, ETH); empty: every spot pair in `quote`.
    caps : str
        A snapshot (name or path) that knows market caps; empty: none.
    """

    exchange: str
    since: dt.date = dt.date(2017, 1, 1)
    quote: str = "USDT"
    assets: tuple[str, ...] = ()
    caps: str = ""

    def __post_init__(self) -> None:
        if self.quote not in DOLLARS:
            raise DataError(f"quote {self.quote!r} is no dollar: {suggest(self.quote, DOLLARS)}. Nothing is converted.")
        if self.caps:
            find_snapshot(self.caps)
        ccxt_class(self.exchange)

    @property
    def name(self) -> str:
        return self.exchange

    def plan(self) -> Plan:
        server = Server(self.exchange)
        listed = of_kind(MARKETS, server.markets().body or b"", list)
        pairs, days = len(self._among(listed)), (instant(now()).date() - self.since).days
        pages = -(-days // server.page)
        return Plan(
            what=(
                f"1 call for the list of pairs (asked for now), then {pairs:,} pairs in {self.quote}",
                f"about {pages} pages of {server.page:,} days for each; up to {-(-days // SURE_DAYS)} for a pair that "
                f"was listed late, as days before are looked through by {SURE_DAYS}",
            ),
            calls=1 + pages * pairs,
            calls_per_minute=server.calls_per_minute,
        )

    def asked(self) -> dict[str, str]:
        return {
            "source": "exchange",
            "exchange": self.exchange,
            "since": self.since.isoformat(),
            "quote": self.quote,
            "assets": " ".join(self.assets),
            "caps": self.caps,
        }

    @classmethod
    def from_asked(cls, asked: Mapping[str, str]) -> Exchange:
        """The same fetch again, from what a manifest keeps of it."""
        return cls(
            exchange=asked["exchange"],
            since=dt.date.fromisoformat(asked["since"]),
            quote=asked["quote"],
            assets=tuple(asked["assets"].split()),
            caps=asked["caps"],
        )

    def download(self, downloads: Downloads, since: dt.datetime, watch: Watch) -> None:
        server = Server(self.exchange)
        if not is_fresh(downloads.record(MARKETS), since):
            downloads.keep(MARKETS, server.markets())
        for pair in watch(list(self._pairs(downloads).values()), self.exchange):
            self._download_pair(server, pair, downloads, since)

    def _download_pair(self, server: Server, pair: str, downloads: Downloads, since: dt.datetime) -> None:
        """Page after page; a page all of whose days had ended when it came is never asked for again.

        How many days an empty page speaks for, an exchange does not say: `SURE_DAYS`, or as many as an earlier page of
        the pair had candles. Where a pair was listed late, a longer step would pass over its first years.
        """
        first, today, sure = self.since, since.date(), SURE_DAYS
        while first < today:
            name = f"{_folder(pair)}/{first.isoformat()}.json"
            if not (_ended(downloads, name, first, sure) or is_fresh(downloads.record(name), since)):
                downloads.keep(name, server.candles(pair, first))
            days = sorted(day for day in _candles(downloads, name) if day >= first)
            sure = max(sure, len(days))
            first = (days[-1] if days else first + dt.timedelta(days=sure - 1)) + dt.timedelta(days=1)

    def write_table(self, downloads: Downloads, file: Path) -> Profile:
        pairs = self._pairs(downloads)
        answers = {ticker: downloads.names(_folder(pair)) for ticker, pair in pairs.items()}
        caps = _Caps(load_market(find_snapshot(self.caps))) if self.caps else None
        tables = (_rows(downloads, ticker, names, caps) for ticker, names in answers.items())
        if not write_rows(file, SCHEMA, tables):
            raise DataError(f"{self.exchange} gave no candle in the days asked for. Ask for other pairs or days.")
        shipped = Profile.load(PROFILE)
        known = {key.upper(): asset for key, asset in Profile.load(KNOWN).assets.items()}
        ids = {ticker: known.get(ticker, Asset()) for ticker in answers}
        caveats = [
            f"{self.quote} is taken for a US dollar: what it was off its peg, every price here is",
            *shipped.caveats,
        ]
        if caps is None:
            caveats.append("an exchange knows no market caps: rules that need them cannot run on this snapshot")
        else:
            ids |= {ticker: Asset(id=caps.ids[ticker]) for ticker in answers if ticker in caps.ids}
            caveats.append(
                f"caps are the latest supply of the snapshot {caps.name!r}, at most {SUPPLY_DAYS} days old, times the "
                f"close here; assets were matched by their tickers, on days whose prices are within {PRICE_WITHIN:.0%}"
            )
            apart, without = sorted(caps.apart), sorted(answers.keys() - caps.ids.keys() - set(caps.apart))
            for tickers, why in (
                (apart, "have other prices there (or none on the same days) and count as other coins: no cap or id"),
                (without, "have no cap there, or share their ticker"),
            ):
                if tickers:
                    caveats.append(f"{len(tickers)} assets {why}: {', '.join(tickers[:20])}")
        return dataclasses.replace(
            shipped,
            name=f"{self.exchange}, {self.quote} pairs",
            source=f"{self.exchange}, daily candles of spot pairs, fetched through ccxt",
            retrieved_at=last_retrieved(downloads.record(name) for names in answers.values() for name in names),
            caveats=tuple(caveats),
            assets=ids,
        )

    def _pairs(self, downloads: Downloads) -> dict[str, str]:
        """Ticker -> pair, of the spot pairs wanted."""
        return self._among(parsed(downloads, MARKETS, list))

    def _among(self, listed: list[dict[str, Any]]) -> dict[str, str]:
        found = {m["base"]: m["symbol"] for m in listed if m["spot"] and m["quote"] == self.quote}
        unknown = [ticker for ticker in self.assets if ticker not in found]
        if unknown:
            raise DataError(
                f"{self.exchange} has no spot pair {unknown[0]}/{self.quote}: {suggest(unknown[0], found)}. "
                "Tickers are in capitals; pairs that were delisted are no longer in its list."
            )
        return {ticker: found[ticker] for ticker in self.assets or sorted(found)}


class _Caps:
    """Supplies of another snapshot by ticker: its cap / its price, the latest of the past days.

    A ticker is no name: another coin may have it there. So a supply counts if the price there is within `PRICE_WITHIN`
    of the close here on the same day, as it was on most days until then that have both. A day whose two prices are
    further apart has no cap.
    """

    def __init__(self, market: MarketData) -> None:
        self.name = market.manifest.name
        self._prices = market.prices
        self._supply = (market.market_caps / market.prices).replace([np.inf, -np.inf], np.nan)
        symbols = market.assets.assign(ticker=market.assets["symbol"].str.upper())
        single = symbols[~symbols["ticker"].duplicated(keep=False)]  # of two assets with one ticker, who knows which
        self._found: dict[str, str] = dict(zip(single["ticker"], single["asset_id"], strict=True))
        self.ids: dict[str, str] = {}  # of the tickers asked for whose prices agree
        self.apart: list[str] = []  # and of those whose prices do not, or have no day in common

    def caps(self, ticker: str, close: pd.Series) -> pd.Series:
        """Market caps of the days of `close`; NaN where no supply was known by then."""
        if ticker not in self._found:
            return close * np.nan
        there = self._prices[self._found[ticker]].reindex(close.index)
        compared = (there > 0) & (close > 0)
        ratio = (close / there).where(compared)
        agree = ratio.between(1 - PRICE_WITHIN, 1 / (1 - PRICE_WITHIN))
        same_coin = 2 * agree.cumsum() > compared.cumsum()
        if len(close) and same_coin.iloc[-1]:
            self.ids[ticker] = self._found[ticker]
        else:
            self.apart.append(ticker)
        supply = self._supply[self._found[ticker]].reindex(close.index).where(agree & same_coin)
        days = pd.date_range(close.index[0], close.index[-1], unit="us") if len(close) else close.index
        latest = supply.reindex(days).ffill(limit=SUPPLY_DAYS).reindex(close.index)
        return close * latest.where(same_coin & (agree | ~compared))


def _rows(downloads: Downloads, ticker: str, names: list[str], caps: _Caps | None) -> pa.Table:
    """The candles of days that had ended when they came; volume in USD at the mean of high, low and close."""
    found: dict[dt.date, list[float]] = {}
    for name in names:
        ended = _retrieved_day(downloads, name)
        found |= {day: values for day, values in _candles(downloads, name).items() if day < ended}
    days = sorted(found)
    candles = np.array([found[day] for day in days], dtype=float).reshape(-1, 5)
    opening, high, low, close, volume = candles.T
    market_cap = np.full(len(days), np.nan)
    if caps is not None and days:
        market_cap = caps.caps(ticker, pd.Series(close, pd.DatetimeIndex(days).as_unit("us"))).to_numpy()
    values = (opening, high, low, close, volume * (high + low + close) / 3, market_cap)
    columns = {name: pa.array(value, from_pandas=True) for name, value in zip(NUMBERS, values, strict=True)}
    return pa.table(
        {"date": pa.array(days, pa.date32()), "ticker": pa.array([ticker] * len(days), pa.string()), **columns},
        schema=SCHEMA,
    )


def _candles(downloads: Downloads, name: str) -> dict[dt.date, list[float]]:
    """Open, high, low, close, volume by the day of opening; null is NaN. DataError unless all open at 00:00 UTC."""
    midnight = dt.datetime.combine(EPOCH, dt.time(0), dt.UTC)
    try:
        candles = {
            midnight + dt.timedelta(milliseconds=stamp): [
                float("nan") if value is None else float(value) for value in (o, h, low, c, v)
            ]
            for stamp, o, h, low, c, v in parsed(downloads, name, list)
        }
    except (TypeError, ValueError, OverflowError) as error:
        raise changed(name, "candles of instant, open, high, low, close, volume", "something else") from error
    other = next((opening for opening in candles if opening.time() != dt.time(0)), None)
    if other is not None:
        record = downloads.record(name)
        raise DataError(
            f"{record.url if record else name}: the candle of {other:%Y-%m-%dT%H:%M:%SZ} does not open at 00:00 UTC, "
            "so its close is not that of the UTC day. Nothing was imported. Leave this pair out (--assets), or choose "
            "an exchange whose days are those of UTC."
        )
    return {opening.date(): values for opening, values in candles.items()}


def _ended(downloads: Downloads, name: str, first: dt.date, sure: int) -> bool:
    """Whether a kept page will never change: it ends before it came, or the `sure` days of an empty one do."""
    if downloads.record(name) is None:
        return False
    days = _candles(downloads, name)
    last = max(days) if days else first + dt.timedelta(days=sure - 1)
    return last < _retrieved_day(downloads, name)


def _retrieved_day(downloads: Downloads, name: str) -> dt.date:
    record = downloads.record(name)
    return dt.date.fromisoformat(record.retrieved_at[:10]) if record else dt.date.min


def _folder(pair: str) -> str:
    return f"ohlcv/{file_name(pair)}"
