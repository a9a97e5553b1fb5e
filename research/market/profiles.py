"""Profiles: small TOML files that say how a vendor's table is to be read. Tables are read in `importer.py`.

A profile names columns, dates and assets; it never repairs a price. The shipped ones lie in `profiles/`; the format
is described in data/README.md.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from research.errors import DataError, suggest
from research.market.layout import CORE_COLUMNS
from research.settings import from_table, read_toml

FOLDER = Path(__file__).with_name("profiles")


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
            if name in (*CORE_COLUMNS, "date", "asset_id"):
                raise DataError(
                    f"columns.extra: {name!r} is a column of its own; write `{name} = ...` under [columns]."
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


@dataclass(frozen=True, kw_only=True)
class Asset:
    """What the vendor's table does not say about one asset. What is None comes from the table or from the key.

    A tag that is a text alone is static: its history is unknown.
    """

    id: str | None = None
    symbol: str | None = None
    name: str | None = None
    tags: tuple[Tag | str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How to read one vendor's table.

    Attributes
    ----------
    name, source, licence, currency, caveats
        Go into the manifest as they are.
    retrieved_at : str, optional
        ISO 8601 instant of retrieval; the table's own time of modification where it is left out.
    columns : Columns
    date_format : str, optional
        strftime pattern of the dates, where they are texts other than YYYY-MM-DD.
    dating : tuple of DatingRule
        In order of time; before the first, a row's date is the day whose close it has.
    split_after_gap_days : int, optional
        When an asset's prices resume after a longer gap, a new asset begins: `etc`, then `etc-2`.
    assets : dict of str to Asset
        By the vendor's key, or by key and number after a split (`etc-2`).
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
    assets: dict[str, Asset] = field(default_factory=dict)

    def __post_init__(self) -> None:
        starts = [rule.start for rule in self.dating]
        if starts != sorted(set(starts)):
            raise DataError(f"profile {self.name!r}: the dating rules must be in order of time, found {starts}.")
        if self.split_after_gap_days is not None and self.split_after_gap_days < 1:
            raise DataError(
                f"profile {self.name!r}: split_after_gap_days = {self.split_after_gap_days}; expected 1 or more."
            )
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
        if not path.is_file():
            raise DataError(
                f"no profile {str(profile)!r}: {suggest(str(profile), shipped_profiles())}, or the path of a .toml file"
            )
        return from_table(cls, read_toml(path, DataError), str(path), DataError)


def shipped_profiles() -> list[str]:
    """Names of the profiles that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def instant(text: str) -> dt.datetime:
    """An ISO 8601 instant as a datetime in UTC.

    Raises
    ------
    DataError
        If `text` is not one, or has no time zone.
    """
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"retrieved_at = {text!r} is not an ISO 8601 instant, e.g. 2023-05-26T00:00:00Z.") from error
    if moment.tzinfo is None:
        raise DataError(f"retrieved_at = {text!r} has no time zone; add Z if it is UTC.")
    return moment.astimezone(dt.UTC)
