"""The sections of a profile: frozen dataclasses that check themselves. A profile is put together in `profiles.py`."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from dataclasses import dataclass, field

from research.errors import DataError
from research.market.imports.profile.date_formats import check_format
from research.market.layout import CORE_COLUMNS, ROW_ATTRIBUTES, text_fault

RESERVED = {*CORE_COLUMNS, "asset_id", *ROW_ATTRIBUTES, "rule"}  # names of rows and of the ledger
EPOCHS = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6}  # ticks a second
SPACES = " \u00a0\u2009\u202f"  # a space between thousands may be any of these


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The vendor's column names.

    Attributes
    ----------
    date : str
    key : str or tuple of str, optional
        The vendor's identifier of the asset; of several columns together, where one alone repeats. Left out where
        another section says it.
    price : str, optional
        The close in USD. Left out for wide tables only.
    market_cap, volume, symbol, name : str, optional
        Left out where the vendor has none: the snapshot's values are then missing.
    volume_coins : str, optional
        Instead of `volume`: a volume in coins, which becomes USD at the close of its day.
    extra : dict of str to str
        Further columns of the snapshot (open, high, low, supply, ...), by the name they get there.
    may_be_absent : bool
        Whether a file may lack columns other than date and key; their values are then missing.
    """

    date: str
    key: str | tuple[str, ...] | None = None
    price: str | None = None
    market_cap: str | None = None
    volume: str | None = None
    volume_coins: str | None = None
    symbol: str | None = None
    name: str | None = None
    extra: dict[str, str] = field(default_factory=dict)
    may_be_absent: bool = False

    def __post_init__(self) -> None:
        if self.key == ():
            raise DataError("columns: key is an empty list. Name the column of the asset, or several.")
        if self.volume is not None and self.volume_coins is not None:
            raise DataError("columns: volume (USD) and volume_coins are both given. Keep the one that is right.")
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
        core = {"price": self.price, "market_cap": self.market_cap, "volume": self.volume or self.volume_coins}
        return {name: column for name, column in core.items() if column is not None} | self.extra

    @property
    def texts(self) -> dict[str, tuple[str, ...]]:
        """Key, symbol and name -> vendor columns, of those that the table has."""
        named = {name: getattr(self, name) for name in ("key", "symbol", "name")}
        return {
            name: (given,) if isinstance(given, str) else given for name, given in named.items() if given is not None
        }


@dataclass(frozen=True, kw_only=True)
class Files:
    """Which files are read, and what their names and lines say.

    Attributes
    ----------
    pattern : str
        Names of the files of a folder or archive that are read, with * and ?.
    key : str or tuple of str, optional
        Where the asset stands in a file's name without its ending, as in `coin_{key}`; of several the first that fits.
    delimiter : str
        Between the columns of a CSV; a tab is "\\t".
    skip_lines, skip_last_lines : int
        Lines of a CSV above its header, and below its table; of those below, blank ones are not counted.
    encoding : str
        Of the letters of a CSV: "cp1252" (Excel in Western Europe), "utf-16".
    """

    pattern: str = "*"
    key: str | tuple[str, ...] | None = None
    delimiter: str = ","
    skip_lines: int = 0
    skip_last_lines: int = 0
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        if not self.pattern or "/" in self.pattern or "\\" in self.pattern or "\x00" in self.pattern:
            raise DataError(f"files: pattern = {self.pattern!r}; expected the names of files, as in *.csv.")
        for key in self.keys:
            if key.count("{key}") != 1:
                raise DataError(f"files: key = {key!r}; expected a name with {{key}} in it, as in coin_{{key}}.")
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n\x00' or not self.delimiter.isascii():
            raise DataError(f"files: delimiter = {self.delimiter!r}; expected one character, as in ';'.")
        if not 0 <= self.skip_lines <= 1000:
            raise DataError(f"files: skip_lines = {self.skip_lines}; expected 0 to 1,000.")
        if not 0 <= self.skip_last_lines <= 100:
            raise DataError(f"files: skip_last_lines = {self.skip_last_lines}; expected 0 to 100.")
        try:
            "a".encode(self.encoding)
        except (LookupError, ValueError) as error:
            raise DataError(f"files: encoding = {self.encoding!r}; expected e.g. cp1252 or utf-16.") from error

    @property
    def keys(self) -> tuple[str, ...]:
        """The patterns of keys, as a tuple."""
        return (self.key,) if isinstance(self.key, str) else self.key or ()

    def key_of(self, stem: str) -> str | None:
        """The key in a file's name without its ending; None where no pattern fits."""
        for pattern in self.keys:
            before, after = pattern.split("{key}")
            if len(stem) > len(before) + len(after) and stem.startswith(before) and stem.endswith(after):
                return stem[len(before) : len(stem) - len(after)]
        return None


@dataclass(frozen=True, kw_only=True)
class Dates:
    """How dates are written, and what a time of day in them means.

    Attributes
    ----------
    format : str, optional
        strftime pattern of the dates, where they are texts other than YYYY-MM-DD; names of months are English,
        whatever the machine speaks. Or epoch_s, epoch_ms, epoch_us: seconds (1/1,000, 1/1,000,000) since 1970.
    stamp : str, optional
        What a time means: "day", the close of the day that the stamp names (a bar's beginning, 23:59:59); "end", the
        moment of the value: 00:00 is the close of the day before. Must be said where dates have times.
    zone : str
        Time zone of times that name none themselves.
    intraday : str
        "refuse" rows that are no day's close, or keep the "last" of each day.
    closing_hours : int
        With "last": how long before the end of its day a row may lie to be its close.
    """

    format: str | None = None
    stamp: str | None = None
    zone: str = "UTC"
    intraday: str = "refuse"
    closing_hours: int = 1

    def __post_init__(self) -> None:
        _one_of("dates: stamp", self.stamp, (None, "day", "end"))
        _one_of("dates: intraday", self.intraday, ("refuse", "last"))
        if not 1 <= self.closing_hours <= 24:
            raise DataError(f"dates: closing_hours = {self.closing_hours}; expected 1 to 24.")
        if self.intraday == "last" and self.stamp is None:
            raise DataError('dates: intraday = "last" needs stamp = "day" or "end": which row is a day\'s last?')
        if self.format is not None and self.format not in EPOCHS:
            check_format(self.format)
        if self.zone != "UTC":
            if self.format in EPOCHS or "%z" in (self.format or ""):
                raise DataError(f"dates: zone = {self.zone!r}, but such stamps name their zone. Leave it out.")
            try:
                zoneinfo.ZoneInfo(self.zone)
            except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
                raise DataError(f"dates: zone = {self.zone!r}; expected a name such as America/New_York.") from error


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """How numbers are written where they are texts.

    Attributes
    ----------
    decimal, thousands : str
        The signs before the decimals and between thousands; none between thousands unless it is said.
    units : dict of str to float
        What may stand before or after the digits, and what it multiplies by: {"$" = 1, "%" = 0.01, "M" = 1e6}.
    missing : tuple of str
        Texts that mean that there is no value, besides "", "NaN", "NA", "N/A", "null" and "None".
    """

    decimal: str = "."
    thousands: str = ""
    units: dict[str, float] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _one_of("numbers: decimal", self.decimal, (".", ","))
        _one_of("numbers: thousands", self.thousands, ("", ",", ".", " ", "'", "_"))
        if self.decimal == self.thousands:
            raise DataError(f"numbers: decimal and thousands are both {self.decimal!r}. Correct the wrong one.")
        for unit, factor in self.units.items():
            if not unit.strip() or re.search(r"[\d.,+-]", unit) or unit.lower() in ("e", "nan", "inf") or factor <= 0:
                raise DataError(
                    f'numbers: units has {unit!r} = {factor:g}; expected a text without digits, as in {{ "$" = 1 }}.'
                )
        for text in self.missing:
            if re.fullmatch(r"\s*[+-]?\d.*", text):
                raise DataError(f"numbers: missing has {text!r}, which is a number. Numbers are never taken away.")

    @property
    def plain(self) -> bool:
        """Whether numbers are written as programs write them."""
        return (self.decimal, self.thousands, self.units) == (".", "", {})


@dataclass(frozen=True, kw_only=True)
class Layout:
    """All that says how the files of one long table are read."""

    columns: Columns
    files: Files = field(default_factory=Files)
    dates: Dates = field(default_factory=Dates)
    numbers: Numbers = field(default_factory=Numbers)


@dataclass(frozen=True, kw_only=True)
class Wide:
    """One column an asset, the header has the keys. One file is the prices; of several, each field's file by pattern.

    `skip` names columns that are no asset.
    """

    price: str | None = None
    market_cap: str | None = None
    volume: str | None = None
    skip: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.fields and "price" not in self.fields:
            raise DataError(f"wide: {', '.join(self.fields)} without price. Name the file of the prices too.")

    @property
    def fields(self) -> dict[str, str]:
        """Snapshot column -> pattern of its file."""
        return {name: pattern for name in CORE_COLUMNS if (pattern := getattr(self, name)) is not None}


@dataclass(frozen=True, kw_only=True)
class DatingRule:
    """Rows dated `start` or later are the close of the day `shift_days` after their date (-1: of the day before)."""

    start: dt.date
    shift_days: int

    def __post_init__(self) -> None:
        if abs(self.shift_days) > 1:
            raise DataError(f"dating: shift_days = {self.shift_days}; expected -1, 0 or 1.")


@dataclass(frozen=True, kw_only=True)
class Join:
    """Values of a second table: for each row the latest that was known at the close of its day.

    Attributes
    ----------
    columns : Columns
        Of the second table: date, key, and what is taken from it (market_cap, volume, extra). A `supply` among the
        extras makes market caps, price x supply, where there are none. Its price is compared and not taken.
    table : str, optional
        A file beside the first table; left out, the first table itself is read a second time.
    dates : Dates
    dating : tuple of DatingRule
        Both as for a first table: the second may be dated differently.
    max_age_days : int
        Values older than this are not used; 0: only those of the same day.
    price_within : float
        Where both tables have a price for a day and they differ by more than this share, the row of the second is set
        aside: it is of another asset with the same key.
    keys : dict of str to str
        Key in the first table -> key in the second, where they differ.
    """

    columns: Columns
    table: str | None = None
    dates: Dates = field(default_factory=Dates)
    dating: tuple[DatingRule, ...] = ()
    max_age_days: int = 0
    price_within: float = 0.1
    keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.columns.key is None or not self.taken:
            raise DataError("join: columns need date, key, and what is taken: market_cap, volume or extra.")
        if self.columns.volume_coins is not None:
            raise DataError("join: a volume in coins cannot be taken from a second table. Leave volume_coins out.")
        if not 0 <= self.max_age_days <= 400:
            raise DataError(f"join: max_age_days = {self.max_age_days}; expected 0 to 400.")
        if not 0 < self.price_within < 1:
            raise DataError(f"join: price_within = {self.price_within:g}; expected a share between 0 and 1.")
        if self.table is not None and ("/" in self.table or "\\" in self.table or self.table in ("", ".", "..")):
            raise DataError(f"join: table = {self.table!r}; expected the name of a file beside the first table.")

    @property
    def taken(self) -> list[str]:
        """Names of the numbers that are taken, in the snapshot."""
        return [name for name in self.columns.numbers if name != "price"]


def _one_of(what: str, value: str | None, allowed: tuple[str | None, ...]) -> None:
    if value not in allowed:
        words = ", ".join(repr(word) for word in allowed if word is not None)
        raise DataError(f"{what} = {value!r}; expected one of {words}.")
