"""CoinGecko: the largest coins of today, with a year of history each (all of it with a paid key).

Facts, from docs.coingecko.com and the public threads named (read in 2026 as stored copies):

- `/coins/{id}/market_chart` gives prices, caps and 24-hour volumes by instant. A daily point is stamped 00:00 UTC of D,
  so from 2018-01-30 on it is the close of **D - 1**; before, the close of D (seen in data against known closes). The
  last point is of now, not of a midnight, and is dropped.
- Without a paid key only the past 365 days are given, else error 10012 (reference/coins-id-market-chart).
- Calls a minute: 5 without a key (Electron-Cash/Electron-Cash#2825); 100 with a free "demo" key (docs/errors-and-rate-
  limits), where 30 was documented before: 30 is kept. Keys go into a header; a paid one to pro-api.coingecko.com.
- Whoever shows the data says that they come from CoinGecko (brand.coingecko.com/resources/attribution-guide).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from research.errors import DataError, suggest
from research.market.imports.profile.assets import Asset
from research.market.imports.profile.profiles import Profile
from research.market.layout import text_fault
from research.market.sources.calls import (
    Call,
    Plan,
    Watch,
    changed,
    download,
    last_retrieved,
    parsed,
    whole_json,
    write_rows,
)
from research.market.sources.client import Client, Key
from research.market.sources.downloads import Downloads, file_name

PROFILE = Path(__file__).with_name("coingecko.toml")
KEY_VARIABLE, URL_VARIABLE = "COINGECKO_API_KEY", "RESEARCH_COINGECKO_URL"
PAGE = 250  # coins of one page of /coins/markets, the most that it gives
PUBLIC_DAYS = "365"
LIST = "list.json"
TAGS = {"stablecoins": "stablecoin", "wrapped-tokens": "wrapped", "liquid-staking-tokens": "staked"}  # by category
SERIES = {"price": "prices", "market_cap": "market_caps", "volume": "total_volumes"}
MILLISECONDS_PER_DAY = 86_400_000
SCHEMA = pa.schema(
    {"date": pa.date32(), **dict.fromkeys(("coin", "symbol", "name"), pa.string())}
    | dict.fromkeys(SERIES, pa.float64())
)


@dataclass(frozen=True, kw_only=True)
class _Tier:
    """What one kind of key allows."""

    url: str
    header: str
    calls_per_minute: float
    days: str


TIERS = {
    "none": _Tier(url="https://api.coingecko.com/api/v3/", header="", calls_per_minute=5, days=PUBLIC_DAYS),
    "demo": _Tier(
        url="https://api.coingecko.com/api/v3/", header="x-cg-demo-api-key", calls_per_minute=30, days=PUBLIC_DAYS
    ),
    "pro": _Tier(
        url="https://pro-api.coingecko.com/api/v3/", header="x-cg-pro-api-key", calls_per_minute=250, days="max"
    ),
}


@dataclass(frozen=True, kw_only=True)
class CoinGecko:
    """A fetch of CoinGecko's daily series.

    Attributes
    ----------
    top : int
        So many coins, the largest by market cap at the time of the fetch; not used where `assets` are given.
    assets : tuple of str
        CoinGecko's ids (bitcoin, usd-coin).
    plan_of_key : str
        Which kind of key the environment has: "demo" (free) or "pro" (paid). Without a key it says nothing.
    followed : tuple of str
        Ids of an earlier fetch, which are asked for however small they have become: so that an update loses nobody.
    calls_per_minute : float, optional
        What the key allows, where that is not what is known of its plan (`TIERS`).
    """

    top: int = 100
    assets: tuple[str, ...] = ()
    plan_of_key: str = "demo"
    followed: tuple[str, ...] = ()
    calls_per_minute: float | None = None

    def __post_init__(self) -> None:
        if self.plan_of_key not in ("demo", "pro"):
            raise DataError(f"plan {self.plan_of_key!r}: {suggest(self.plan_of_key, ('demo', 'pro'))}.")
        if self.plan_of_key == "pro" and not os.environ.get(KEY_VARIABLE):
            raise DataError(f"a paid plan needs its key: set the environment variable {KEY_VARIABLE}.")

    @property
    def name(self) -> str:
        return "coingecko"

    @property
    def _tier(self) -> _Tier:
        tier = TIERS[self.plan_of_key if os.environ.get(KEY_VARIABLE) else "none"]
        return dataclasses.replace(tier, calls_per_minute=self.calls_per_minute or tier.calls_per_minute)

    def plan(self) -> Plan:
        coins = len(self.assets) or self.top + len(self.followed)
        listing = "1 call for the list of all coins" if self.assets else f"{len(self._markets())} for the largest coins"
        history = f"{coins} for the history of each coin, " + (
            "from its first day"
            if self._tier.days == "max"
            else f"of the past {PUBLIC_DAYS} days: more needs a paid key"
        )
        return Plan(
            what=(f"{listing}, {len(TAGS)} for stablecoins and wrapped and staked copies", history),
            calls=(1 if self.assets else len(self._markets())) + len(TAGS) + coins,
            calls_per_minute=self._tier.calls_per_minute,
        )

    def asked(self) -> dict[str, str]:
        return {
            "source": self.name,
            "top": str(self.top),
            "assets": " ".join(self.assets),
            "plan_of_key": self.plan_of_key,
            "followed": " ".join(self.followed),
            "calls_per_minute": f"{self.calls_per_minute:g}" if self.calls_per_minute else "",
        }

    @classmethod
    def from_asked(cls, asked: Mapping[str, str], followed: Iterable[str] = ()) -> CoinGecko:
        """The same fetch again, from what a manifest keeps of it; `followed` are the ids that its snapshot has."""
        assets = tuple(asked["assets"].split())
        return cls(
            top=int(asked["top"]),
            assets=assets,
            plan_of_key=asked["plan_of_key"],
            calls_per_minute=float(asked["calls_per_minute"]) if asked["calls_per_minute"] else None,
            followed=() if assets else tuple(sorted({*asked["followed"].split(), *followed})),
        )

    def download(self, downloads: Downloads, since: dt.datetime, watch: Watch) -> None:
        tier, value = self._tier, os.environ.get(KEY_VARIABLE)
        client = Client(
            os.environ.get(URL_VARIABLE, tier.url),
            calls_per_minute=tier.calls_per_minute,
            key=Key(header=tier.header, value=value, variable=KEY_VARIABLE) if value else None,
        )
        listing = [Call(name=LIST, path="coins/list", check=whole_json)] if self.assets else self._markets()
        download([*listing, *_categories()], client, downloads, since, watch, "CoinGecko, lists")
        today = since.date().isoformat()
        calls = [
            Call(
                name=f"market_chart/{file_name(coin)}/{today}.json",
                path=f"coins/{quote(coin, safe='')}/market_chart",
                parameters={"vs_currency": "usd", "days": tier.days, "interval": "daily"},
                check=whole_json,
            )
            for coin in self._wanted(downloads)
        ]
        download(calls, client, downloads, since, watch, "CoinGecko")

    def write_table(self, downloads: Downloads, file: Path) -> Profile:
        coins, known = self._wanted(downloads), self._known(downloads)
        answers = {coin: downloads.names(f"market_chart/{file_name(coin)}") for coin in coins}
        empty: list[str] = []

        def tables() -> Iterator[pa.Table]:
            for coin, names in answers.items():
                points = _points(downloads, names)
                if not points["price"]:
                    empty.append(coin)
                yield _rows(coin, known.get(coin, {}), points)

        if not write_rows(file, SCHEMA, tables()):
            raise DataError("CoinGecko gave no price for any of the coins. Ask for others.")
        shipped = Profile.load(PROFILE)
        caveats = list(shipped.caveats)
        if not self.assets:
            caveats.append(
                f"the {self.top} largest coins of the day of the fetch, chosen with hindsight (survivorship): "
                "who was large before and died or shrank is missing, so every index of them is too good"
                + (f"; {len(self.followed)} coins of earlier fetches are followed on" if self.followed else "")
            )
        else:
            caveats.append("the coins were chosen by whoever fetched them: those that died or shrank may be missing")
        if empty:
            caveats.append(f"{len(empty)} coins have no price and are left out: {', '.join(empty[:20])}")
        return dataclasses.replace(
            shipped,
            retrieved_at=last_retrieved(downloads.record(name) for names in answers.values() for name in names),
            caveats=tuple(caveats),
            assets={coin: asset for coin, asset in _tagged(downloads).items() if coin in answers and coin not in empty},
        )

    def _markets(self) -> list[Call]:
        pages = math.ceil(self.top / PAGE)
        size = str(min(self.top, PAGE))
        return [
            Call(
                name=f"markets/{size}/{page}.json",
                path="coins/markets",
                parameters={"vs_currency": "usd", "order": "market_cap_desc", "per_page": size, "page": str(page)},
                check=whole_json,
            )
            for page in range(1, pages + 1)
        ]

    def _wanted(self, downloads: Downloads) -> list[str]:
        """The ids to ask for, in the order of their size today or of the user's list."""
        known = self._known(downloads)
        unknown = [coin for coin in self.assets if coin not in known]
        if unknown:
            raise DataError(f"CoinGecko knows no {unknown[0]!r}: {suggest(unknown[0], known)}. Give ids, not tickers.")
        return list(dict.fromkeys(self.assets or [*list(known)[: self.top], *self.followed]))

    def _known(self, downloads: Downloads) -> dict[str, dict[str, Any]]:
        """The coins of the list that was asked for, by id."""
        names = [LIST] if self.assets else [call.name for call in self._markets()]
        found: dict[str, dict[str, Any]] = {}
        for name in names:
            for coin in _coins(downloads, name):
                found.setdefault(coin["id"], coin)
        return found


def _categories() -> list[Call]:
    parameters = {"vs_currency": "usd", "order": "market_cap_desc", "per_page": str(PAGE), "page": "1"}
    return [
        Call(
            name=f"categories/{category}.json",
            path="coins/markets",
            parameters={**parameters, "category": category},
            check=whole_json,
        )
        for category in TAGS
    ]


def _coins(downloads: Downloads, name: str) -> list[dict[str, Any]]:
    coins = parsed(downloads, name, list)
    if not all(isinstance(coin, dict) and isinstance(coin.get("id"), str) for coin in coins):
        raise changed(name, "a list of coins, each with an 'id'", "something else")
    return coins


def _tagged(downloads: Downloads) -> dict[str, Asset]:
    """Coins of the categories, with their tags: as the source sees them on the day of the fetch, so static."""
    tags: dict[str, list[str]] = {}
    for category, tag in TAGS.items():
        name = f"categories/{category}.json"
        for coin in _coins(downloads, name) if downloads.record(name) else []:
            tags.setdefault(coin["id"], []).append(tag)
    return {coin: Asset(tags=tuple(dict.fromkeys(of_coin))) for coin, of_coin in tags.items()}


def _points(downloads: Downloads, names: list[str]) -> dict[str, dict[int, float | None]]:
    """Value by UTC day of its stamp, for each series; of several answers the latest has the word."""
    found: dict[str, dict[int, float | None]] = {column: {} for column in SERIES}
    for name in names:
        answer = parsed(downloads, name, dict)
        for column, series in SERIES.items():
            try:
                points = [(int(stamp), None if value is None else float(value)) for stamp, value in answer[series]]
            except (KeyError, TypeError, ValueError) as error:
                raise changed(name, f"pairs of instant and number under {series!r}", "something else") from error
            midnights = ((stamp, value) for stamp, value in points if stamp % MILLISECONDS_PER_DAY == 0)
            found[column].update((stamp // MILLISECONDS_PER_DAY, value) for stamp, value in midnights)
    return found


def _rows(coin: str, known: Mapping[str, Any], points: dict[str, dict[int, float | None]]) -> pa.Table:
    days = sorted(set().union(*points.values())) if points["price"] else []
    texts = {"coin": coin, "symbol": _text(known, "symbol"), "name": _text(known, "name")}
    columns = {"date": pa.array(days, pa.int32()).cast(pa.date32())}
    columns |= {name: pa.array([text] * len(days), pa.string()) for name, text in texts.items()}
    columns |= {name: pa.array([points[name].get(day) for day in days], pa.float64()) for name in SERIES}
    return pa.table(columns, schema=SCHEMA)


def _text(known: Mapping[str, Any], name: str) -> str | None:
    """A name as the list has it, where it can stand in a table; a symbol in capitals, as it is traded."""
    text = known.get(name)
    if not isinstance(text, str) or text_fault(text.strip()):
        return None
    return text.strip().upper() if name == "symbol" else text.strip()
