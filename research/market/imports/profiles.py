"""Profiles: small TOML files that say how a vendor's table is to be read. Tables are read in `importer.py`.

A profile names columns, dates and assets; it never repairs a price. The shipped ones lie in `profiles/`; the format
is described in data/README.md.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import pandas as pd

from research.errors import DataError, shown, suggest
from research.market.faults import as_data_error
from research.market.layout import CORE_COLUMNS, ROW_ATTRIBUTES, text_fault
from research.market.manifest import check_currency, instant
from research.market.quality.holding_back import check_holdable
from research.settings import from_table, read_toml

RESERVED = {*CORE_COLUMNS, "asset_id", *ROW_ATTRIBUTES, "rule"}  # names of rows and of the ledger
LONGEST_GAP = 100_000  # days: longer than there have been prices
FOLDER = Path(__file__).parents[1] / "profiles"


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The vendor's column names.

    Attributes
    ----------
    date, key, price : str
        The row's date, the vendor's identifier of the asset, and the close in USD.
    market_cap, volume, symbol, name : str, optional
        Left out where the vendor has none: the snapshot's values are then missing.
    extra : dict of str to str
        Further columns of the snapshot (open, high, low, supply, ...), by the name they get there.
    """

    date: str
    key: str
    price: str
    market_cap: str | None = None
    volume: str | None = None
    symbol: str | None = None
    name: str | None = None
    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.extra:
            fault = text_fault(name)
            if fault:
                raise DataError(f"columns.extra: {name!r} is {fault}. It becomes a column of the snapshot: name it.")
            if name in RESERVED:
                raise DataError(
                    f"columns.extra: the name {name!r} is reserved ({', '.join(sorted(RESERVED))}). "
                    f"Choose another one, e.g. vendor_{name}; what [columns] knows stands there by itself."
                )

    @property
    def numbers(self) -> dict[str, str]:
        """Snapshot column -> vendor column, of the columns that hold numbers."""
        core = {name: getattr(self, name) for name in CORE_COLUMNS if getattr(self, name) is not None}
        return core | self.extra


@dataclass(frozen=True, kw_only=True)
class DatingRule:
    """Rows dated `start` or later are the close of the day `shift_days` after their date (-1: of the day before)."""

    start: dt.date
    shift_days: int

    def __post_init__(self) -> None:
        if abs(self.shift_days) > 1:
            raise DataError(f"dating: shift_days = {self.shift_days}; expected -1, 0 or 1.")


@dataclass(frozen=True, kw_only=True)
class Tag:
    """A tag and the first day on which it was known."""

    tag: str
    valid_from: dt.date

    def __post_init__(self) -> None:
        _check_text(self.tag, "tag")


@dataclass(frozen=True, kw_only=True)
class Asset:
    """What the vendor's table does not say about one asset. What is None comes from the table or from the key.

    A tag that is a text alone is static: its history is unknown.
    """

    id: str | None = None
    symbol: str | None = None
    name: str | None = None
    tags: tuple[Tag | str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("id", "symbol", "name"):
            if getattr(self, name) is not None:
                _check_text(getattr(self, name), name)
        names = [tag if isinstance(tag, str) else tag.tag for tag in self.tags]
        for name in names:
            _check_text(name, "tag")
        if len(set(names)) < len(names):
            raise DataError(f"tags: {max(names, key=names.count)!r} is given twice. Keep the one that is right.")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How to read one vendor's table.

    Attributes
    ----------
    name, source, licence, currency, caveats
        Go into the manifest as they are. The currency is USD: nothing is converted.
    retrieved_at : str, optional
        ISO 8601 instant of retrieval; the table's own time of modification where it is left out.
    columns : Columns
    date_format : str, optional
        strftime pattern of the dates, where they are texts other than YYYY-MM-DD.
    dating : tuple of DatingRule
        In order of time; before the first, a row's date is the day whose close it has.
    split_after_gap_days : int, optional
        When an asset's prices resume after a longer gap, a new asset begins: `etc`, then `etc-2`.
    hold_back : tuple of str
        Rules (see `quality.HOLDABLE`) whose doubtful values are set missing; none unless it is asked for.
    identities : str, optional
        Path of the table that decides which asset a key is, and when (`identities.py`); relative to the profile's file.
    assets : dict of str to Asset
        By the vendor's key, by key and number after a split (`etc-2`), or by the id that the table decides.
    """

    name: str
    source: str
    licence: str
    columns: Columns
    retrieved_at: str | None = None
    currency: str = "USD"
    caveats: tuple[str, ...] = ()
    date_format: str | None = None
    dating: tuple[DatingRule, ...] = ()
    split_after_gap_days: int | None = None
    hold_back: tuple[str, ...] = ()
    identities: str | None = None
    assets: dict[str, Asset] = field(default_factory=dict)

    def __post_init__(self) -> None:
        starts = [rule.start for rule in self.dating]
        if starts != sorted(set(starts)):
            raise DataError(f"profile {self.name!r}: the dating rules must be in order of time, found {starts}.")
        if self.split_after_gap_days is not None and not 1 <= self.split_after_gap_days <= LONGEST_GAP:
            raise DataError(
                f"profile {self.name!r}: split_after_gap_days = {self.split_after_gap_days}; "
                f"expected 1 to {LONGEST_GAP:,}."
            )
        check_holdable(self.hold_back, f"profile {self.name!r}, hold_back")
        check_currency(self.currency, f"profile {self.name!r}")
        if self.date_format is not None:
            _check_date_format(self.date_format)
        if self.retrieved_at is not None:
            instant(self.retrieved_at)

    @classmethod
    def load(cls, profile: str | Path) -> Self:
        """Read a shipped profile by its name, or any by its path (ending in .toml).

        Raises
        ------
        DataError
            If there is none, it is not TOML, or an entry is unknown, missing or of the wrong type.
        """
        path = Path(profile) if str(profile).endswith(".toml") else FOLDER / f"{profile}.toml"
        with as_data_error(f"{path} cannot be read as a profile", "Check the path and who may read it."):
            if not path.exists():  # what is there and no regular file is refused by `read_toml`
                raise DataError(
                    f"no profile {shown(str(profile))}: {suggest(str(profile), shipped_profiles())}, or the path of a "
                    ".toml file"
                )
            read = from_table(cls, read_toml(path, DataError), str(path), DataError)
        if read.identities is None:
            return read
        return replace(read, identities=str(path.parent / read.identities))


def shipped_profiles() -> list[str]:
    """Names of the profiles that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def _check_text(text: str, what: str) -> None:
    fault = text_fault(text)
    if fault:
        raise DataError(f"{what} = {text[:30]!r} is {fault}. Correct it, or leave it out.")


def _check_date_format(date_format: str) -> None:
    """A format is right if two days come back when they are written and read by it."""
    days = [dt.datetime(2024, 1, 31, tzinfo=dt.UTC), dt.datetime(2013, 12, 2, tzinfo=dt.UTC)]
    try:
        texts = [day.strftime(date_format) for day in days]
        back = pd.to_datetime(pd.Series(texts, dtype="str"), format=date_format, utc=True).tolist()
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"date_format = {date_format!r}: {error}. Write it as in %d.%m.%Y.") from error
    if back != days:
        raise DataError(f"date_format = {date_format!r} does not say year, month and day. Write it as in %d.%m.%Y.")
