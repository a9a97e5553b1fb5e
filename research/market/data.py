"""`MarketData`: aligned, checked, point-in-time panels in memory.

Nothing here reads files (`load.py`), repairs values (never done on load) or decides (`research.index`).
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd

from research.cards import Card, Carded
from research.errors import DataError, shown, suggest
from research.market.card import market_card
from research.market.limits import refuse_large_panels
from research.market.manifest import Manifest
from research.market.panels import aligned_panels, check_axes, check_extra_names, check_labels, check_panel, day_by_day
from research.market.tables import LEDGER_TYPES, TAG_TYPES, check_tables, empty_table, tags_of, typed_tags

Date = str | dt.date | pd.Timestamp


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MarketData(Carded):
    """One aligned market, as far as it was known at the close of its last day.

    Attributes
    ----------
    prices, market_caps, volumes : DataFrame, shape (days, assets), float64
        Rows are UTC days, strictly increasing and complete; columns are asset_id, sorted. USD; `prices` dated D
        is the close of UTC day D; `volumes` is USD traded on D. NaN where the vendor had no value: before
        the first print, after the last one, and inside. Never filled.
    extra : dict of str to DataFrame
        Further panels of the same shape (open, high, low, supply, ...), by name.
    assets : DataFrame
        asset_id (str), symbol (str), name (str), first_date, last_date (datetime64) of the prices known so far.
    tags : DataFrame
        asset_id (str), tag (str), valid_from (datetime64), static (bool: the tag's history is unknown, so its
        use in the past is look-ahead in classification and every report says so).
    ledger : DataFrame
        date, asset_id, field, rule, old, new: every value repaired, quarantined or refused on import.
    manifest : Manifest
    """

    prices: pd.DataFrame
    market_caps: pd.DataFrame
    volumes: pd.DataFrame
    assets: pd.DataFrame
    tags: pd.DataFrame
    ledger: pd.DataFrame
    manifest: Manifest
    extra: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_axes(self.prices)
        check_extra_names(self.extra)
        for name, panel in self.panels.items():
            check_panel(panel, name, self.prices)
        check_tables(self.assets, self.tags, self.prices.columns)

    @classmethod
    def from_panels(
        cls,
        prices: pd.DataFrame,
        market_caps: pd.DataFrame | None = None,
        volumes: pd.DataFrame | None = None,
        *,
        tags: pd.DataFrame | None = None,
        name: str = "in memory",
        extra: Mapping[str, pd.DataFrame] | None = None,
    ) -> Self:
        """Make a market from panels in memory, for research and for tests.

        Missing days are added as NaN rows and columns are sorted; symbols are the ids.

        Parameters
        ----------
        prices, market_caps, volumes : DataFrame, shape (days, assets)
            A row a UTC day, a column an asset; USD. One that is not given is all NaN.
        tags : DataFrame, optional
            asset_id, tag, valid_from, static. A tag of an asset without prices is left out, with a DataWarning.
        name : str
            What outputs call the market.
        extra : mapping of str to DataFrame, optional
            Further panels by name, such as "supply".

        Raises
        ------
        DataError
            If a panel is empty, its days are not increasing, or a day or an asset occurs twice; if a cell is no number
            or a value that cannot be right (the message names asset, day, field and value); if another panel has an
            asset without prices; if the panels are larger than a market may be (`limits.py`).
        """
        check_labels(prices, "prices")
        extra = {} if extra is None else extra
        check_extra_names(extra)
        frames = {"price": prices, "market_cap": market_caps, "volume": volumes, **extra}
        first, last = prices.index[0], prices.index[-1]
        refuse_large_panels((last - first).days + 1, prices.shape[1], len(frames), "Keep fewer days or assets")
        panels = aligned_panels(frames, days_between(first, last))
        prices, columns = panels["price"], panels["price"].columns
        known = prices.notna()
        assets = pd.DataFrame(
            {
                "asset_id": columns,
                "symbol": columns,
                "name": columns,
                "first_date": known.idxmax().where(known.any()).to_numpy(),
                "last_date": known.iloc[::-1].idxmax().where(known.any()).to_numpy(),
            }
        )
        manifest = Manifest(
            name=name,
            source="made in memory",
            retrieved_at="",
            licence="none stated",
            close_convention="a price dated D is the close of UTC day D",
        )
        return cls(
            prices=prices,
            market_caps=panels["market_cap"],
            volumes=panels["volume"],
            assets=assets,
            tags=empty_table(TAG_TYPES) if tags is None else tags_of(columns, typed_tags(tags)),
            ledger=empty_table(LEDGER_TYPES),
            manifest=manifest,
            extra={key: panels[key] for key in extra},
        )

    def __repr__(self) -> str:
        """One line: a notebook cell that ends with a market must not print its panels."""
        days = f"{self.dates[0].date()} to {self.dates[-1].date()}"
        return f"<MarketData {self.manifest.name!r}: {self.prices.shape[1]} assets, {days}>"

    @property
    def _card(self) -> Card:
        return market_card(self.prices, self.assets, self.manifest, panels=[*self.panels], ledger=len(self.ledger))

    @property
    def dates(self) -> pd.DatetimeIndex:
        """The UTC days of the panels."""
        return pd.DatetimeIndex(self.prices.index)

    @property
    def panels(self) -> dict[str, pd.DataFrame]:
        """Every panel by the name of its column in a snapshot: price, market_cap, volume, then the further ones."""
        return {"price": self.prices, "market_cap": self.market_caps, "volume": self.volumes, **self.extra}

    def until(self, date: Date) -> Self:
        """The market as it was known at the close of `date`: rows, assets, tags and ledger up to then.

        Raises
        ------
        DataError
            If `date` lies before the first day.
        """
        end = as_timestamp(date)
        if end < self.dates[0]:
            raise DataError(f"until({end.date()}): the data begin on {self.dates[0].date()}; choose a later date.")
        listed = (self.assets["first_date"] <= end).to_numpy()
        assets = self.assets[listed].reset_index(drop=True)
        past = self._rows(slice(None, end), listed)
        known_tags = self.tags["valid_from"].isna() | (self.tags["valid_from"] <= end)
        ids = set(assets["asset_id"])
        return past._with(
            assets=assets.assign(last_date=_last_dates(assets["last_date"], past.prices)),
            tags=self.tags[known_tags & self.tags["asset_id"].isin(ids)].reset_index(drop=True),
            ledger=self.ledger[self.ledger["date"] <= end].reset_index(drop=True),
        )

    def since(self, date: Date) -> Self:
        """The same market without the days before `date`. Tags, ledger and assets stay whole: they are the past.

        Raises
        ------
        DataError
            If `date` lies after the last day.
        """
        start = as_timestamp(date)
        if start > self.dates[-1]:
            raise DataError(f"since({start.date()}): the data end on {self.dates[-1].date()}; choose an earlier date.")
        return self._rows(slice(start, None), None)

    def only(self, assets: Iterable[str]) -> Self:
        """The same market with these assets alone.

        Raises
        ------
        DataError
            If `assets` is no list of ids (one text is none) or empty, or if an asset is unknown.
        """
        ids = asked_assets(assets, self.assets, self.manifest.name)
        chosen = np.asarray(self.prices.columns.isin(ids))
        return self._rows(slice(None), chosen)._with(
            assets=self.assets[self.assets["asset_id"].isin(ids)].reset_index(drop=True),
            tags=self.tags[self.tags["asset_id"].isin(ids)].reset_index(drop=True),
        )

    def _rows(self, rows: slice, assets: np.ndarray | None) -> Self:
        def cut(panel: pd.DataFrame) -> pd.DataFrame:
            part = panel.loc[rows]
            return part if assets is None or assets.all() else day_by_day(part.loc[:, assets])

        return self._with(
            prices=cut(self.prices),
            market_caps=cut(self.market_caps),
            volumes=cut(self.volumes),
            extra={name: cut(panel) for name, panel in self.extra.items()},
        )

    def _with(self, **parts: object) -> Self:
        """The same market with parts of its own panels and tables, which were checked already."""
        view = copy.copy(self)
        for name, part in parts.items():
            object.__setattr__(view, name, part)
        return view

    def price(self, asset_id: str) -> pd.Series:
        """Daily closes of one asset (`asset_id`), NaN where the vendor had none.

        Raises
        ------
        DataError
            If the asset is unknown; the message suggests the nearest id, or lists the ids of a ticker.
        """
        if not isinstance(asset_id, str) or asset_id not in self.prices.columns:
            raise unknown_asset(asset_id, self.assets, self.manifest.name)
        return self.prices[asset_id]


def asked_assets(asked: Iterable[str], assets: pd.DataFrame, market_name: str) -> list[str]:
    """The ids that a caller asks for, as a list; DataError unless there is one at least and `assets` lists them all."""
    if isinstance(asked, str) or not isinstance(asked, Iterable):
        raise DataError(f"assets: found {shown(asked)}, expected a list of asset ids, e.g. ['bitcoin'].")
    ids = list(asked)
    if not ids:
        raise DataError("assets: found an empty list, expected one asset id at least, e.g. ['bitcoin'].")
    known = set(assets["asset_id"])
    for asset_id in ids:
        if not isinstance(asset_id, str) or asset_id not in known:
            raise unknown_asset(asset_id, assets, market_name)
    return ids


def unknown_asset(asset_id: object, assets: pd.DataFrame, market_name: str) -> DataError:
    """The error for an asset_id that `assets` does not list: it names the ids of a ticker, or the nearest id."""
    if not isinstance(asset_id, str):
        return DataError(f"an asset: found {shown(asset_id)}, expected one asset_id as text, e.g. 'bitcoin'.")
    same_ticker = assets.loc[assets["symbol"].str.lower() == asset_id.lower(), "asset_id"]
    hint = (
        f"{asset_id!r} is the ticker of {', '.join(same_ticker)}: use the id"
        if len(same_ticker)
        else suggest(asset_id, assets["asset_id"])
    )
    return DataError(f"snapshot {market_name!r} has no asset {asset_id!r}: {hint}")


def days_between(first: pd.Timestamp, last: pd.Timestamp) -> pd.DatetimeIndex:
    """The row labels of every panel: all UTC days from `first` to `last`."""
    return pd.date_range(first, last, freq="D", unit="us", name="date")


def _last_dates(last_dates: pd.Series, prices: pd.DataFrame) -> pd.Series:
    """The last date with a price in `prices`. Later dates in `last_dates` are not known yet: they would tell that an
    asset in the middle of a gap will come back. NaT where the last price lies before the first row (see `since`)."""
    end = prices.index[-1]
    dates = last_dates.where(last_dates <= end)
    unknown = dates.isna().to_numpy()
    seen = prices.loc[:, unknown].notna()
    found = pd.Series(prices.index[len(prices) - 1 - seen.to_numpy()[::-1].argmax(axis=0)], index=dates.index[unknown])
    dates[unknown] = found.where(seen.any().to_numpy())
    return dates


def as_timestamp(date: Date) -> pd.Timestamp:
    """A UTC day; DataError if `date` is not one."""
    try:
        moment = pd.Timestamp(dt.datetime.fromisoformat(date) if isinstance(date, str) else date)
        return pd.Timestamp(year=moment.year, month=moment.month, day=moment.day)  # NaT has NaN here
    except (ValueError, TypeError) as error:
        raise DataError(f"{date!r} is not a date: expected YYYY-MM-DD, e.g. 2021-06-30.") from error
