"""What the columns of an unknown table probably are: dates, keys, numbers and how they are written. No files here.

A guess is made from the texts of some rows and says what it does not know: a doubt that matters becomes a question of
the profile (`first_profile.py`), and the table is not read until it is answered.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from research.market.imports.profile.date_formats import with_numbers
from research.market.imports.profile.sections import EPOCHS, SPACES, Numbers
from research.market.imports.reading.cells import DAY, EMPTY_TEXTS

_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y%m%d", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%y", "%d/%m/%y")
_NAMED_DAYS = (
    "%b %d, %Y",
    "%d %b %Y",
    "%b %d %Y",
    "%d %b, %Y",
    "%a %d %b %Y",
    "%a, %d %b %Y",
    "%b-%d-%Y",
    "%m/%d/%y",
    "%d-%b-%Y",
    "%d-%b-%y",
)
_TIMES = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", ", %H:%M", " %I:%M %p", " %H:%M:%S %z", " %H:%M:%S UTC")
FORMATS = tuple(day + time for time in _TIMES for day in (*_DAYS, *_NAMED_DAYS))
FEW = 20  # texts by which most formats fall out, long before all are looked at
_EARLIEST, _LATEST = pd.Timestamp("2009-01-03", tz="UTC"), pd.Timestamp("2100-01-01", tz="UTC")
_DATES = ("date", "day", "time", "timestamp", "datetime", "opentime", "closetime", "timeclose", "timeopen", "snappedat")
IN_USD = ("volumeusd", "volume24husd", "quotevolume", "quoteassetvolume", "volumeusdt", "volumeto", "dollarvolume")
ROLES = {
    "key": ("id", "coinid", "assetid", "key", "slug", "coin", "asset", "symbol", "ticker", "pair", "name", "currency"),
    "symbol": ("symbol", "ticker", "sym"),
    "name": ("name", "coinname", "assetname", "fullname"),
    "price": ("close", "price", "priceusd", "closeusd", "prices", "closeprice", "closingprice", "last", "level"),
    "market_cap": ("marketcap", "cap", "marketcapusd", "mcap", "marketcaps", "capmrktcurusd", "marketcapitalization"),
    "volume": (*IN_USD, "volume", "vol", "totalvolume", "totalvolumes", "volume24h", "vol24h", "volumes"),
    "open": ("open", "openprice", "priceopen"),
    "high": ("high", "highprice", "pricehigh"),
    "low": ("low", "lowprice", "pricelow"),
    "supply": ("supply", "circulatingsupply", "splycur", "availablesupply"),
}


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A guess of several columns.

    Attributes
    ----------
    roles : dict of str to str
        Date, key, price, ... -> the vendor's column.
    formats : tuple of str
        Formats under which every date can be read, the likeliest first; empty: YYYY-MM-DD.
    numbers : Numbers
    numeric, others : tuple of str
        Columns that hold numbers, and those without a role.
    questions : tuple of str
    """

    roles: dict[str, str]
    formats: tuple[str, ...]
    numbers: Numbers
    numeric: tuple[str, ...]
    others: tuple[str, ...]
    questions: tuple[str, ...] = field(default=())


def guess(columns: dict[str, list[str]], typed: dict[str, str]) -> Guess:
    """Guess from some rows; `columns` are texts, and `typed` says "date" or "number" of those that the file types."""
    stripped = {name: [text.strip() for text in values] for name, values in columns.items()}
    texts = {name: [text for text in values if text not in EMPTY_TEXTS] for name, values in stripped.items()}
    date, formats = _date(texts, typed)
    numeric = [name for name in texts if name != date and (typed.get(name) == "number" or _numeric(texts[name]))]
    numbers, questions = _numbers([text for name in numeric if name not in typed for text in texts[name]])
    roles = {"date": date} if date is not None else {}
    for role, names in ROLES.items():
        among = numeric if role not in ("key", "symbol", "name") else [name for name in texts if name not in numeric]
        found = _named(names, [name for name in among if name != date])
        if found is not None and (found not in roles.values() or role in ("symbol", "name")):
            roles[role] = found
    if "key" not in roles and date is not None:
        key = _telling_apart(stripped, date, [name for name in texts if name not in (*numeric, *roles.values())])
        roles |= {} if key is None else {"key": key}
    return Guess(
        roles=roles,
        formats=formats,
        numbers=numbers,
        numeric=tuple(numeric),
        others=tuple(name for name in texts if name not in roles.values()),
        questions=tuple(questions),
    )


def _telling_apart(texts: dict[str, list[str]], date: str, among: list[str]) -> str | None:
    """The column that says which asset a row is of, where a date alone repeats."""
    if len(set(texts[date])) == len(texts[date]):
        return None
    unique = (name for name in among if len(set(zip(texts[name], texts[date], strict=True))) == len(texts[date]))
    return next(unique, None)


def formats_of(texts: Iterable[str]) -> tuple[str, ...] | None:
    """Formats under which every text is a day since 2009, the likeliest first; empty: YYYY-MM-DD; None: none fits."""
    series = pd.Series(sorted(set(texts)), dtype="str")
    if series.empty:
        return None
    if series.str.match(r"\d{4}-\d{2}-\d{2}").all() and _plausible(series, "ISO8601"):
        return ()
    if series.str.fullmatch(r"\d{9,17}(\.0+)?").all():
        numbers = series.astype(float)
        fitting = [name for name, ticks in EPOCHS.items() if (numbers / ticks).between(1.2e9, 4.1e9).all()]
        return tuple(fitting) or None
    if re.fullmatch(r"[+-]?\d*\.\d*([eE][+-]?\d+)?", series[0]):  # an ordinary number is a date in no format
        return None
    forms = FORMATS
    for some in (series[:1], series[:: max(1, len(series) // FEW)], series):
        forms = tuple(form for form in forms if _plausible(some, form))
    return forms or None


@dataclass(frozen=True)
class Times:
    """Days since 1970 and seconds since midnight of the texts that could be read.

    `timed`: some are not midnight; `written`: some say a time, if only 00:00.
    """

    days: np.ndarray
    seconds: np.ndarray
    timed: bool
    written: bool


def as_times(texts: Sequence[str], formats: tuple[str, ...]) -> Times:
    """Read texts by the first of the formats (none: YYYY-MM-DD)."""
    series = pd.Series([text for text in texts if text.strip()], dtype="str").str.strip()
    if formats and formats[0] in EPOCHS:
        seconds = (series.astype(float) // EPOCHS[formats[0]]).to_numpy(dtype=np.int64)
        return Times(seconds // DAY, seconds % DAY, True, True)
    form, words = with_numbers(formats[0], series) if formats else ("ISO8601", list(series))
    dates = pd.to_datetime(pd.Series(words, dtype="str"), format=form, errors="coerce", utc=True).dropna()
    seconds = dates.dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    written = not formats and bool((series.str.len() > 10).any())
    return Times(seconds // DAY, seconds % DAY, bool((seconds % DAY).any()), written)


def plain_name(column: str) -> str:
    """A column's name without case, spaces and signs."""
    return re.sub(r"[^a-z0-9]", "", column.lower())


def _plausible(texts: pd.Series, form: str) -> bool:
    written, words = with_numbers(form, texts)
    dates = pd.to_datetime(pd.Series(words, dtype="str"), format=written, errors="coerce", utc=True)
    return bool(dates.between(_EARLIEST, _LATEST).all())


def _date(texts: dict[str, list[str]], typed: dict[str, str]) -> tuple[str | None, tuple[str, ...]]:
    """The column of the dates: of those that can be read as dates the one with the best name, else the first."""
    found = {name: () if typed.get(name) == "date" else formats_of(values) for name, values in texts.items()}
    dates = [name for name, formats in found.items() if formats is not None]
    best = _named(_DATES, dates) or next(iter(dates), None)
    return (best, found[best] or ()) if best is not None else (None, ())


def _named(names: Sequence[str], columns: Sequence[str]) -> str | None:
    plain = {plain_name(column): column for column in reversed(columns)}
    return next((plain[name] for name in names if name in plain), None)


_NUMBER = re.compile(rf"[+-]?\d[\d.,'_{SPACES}]*([eE][+-]?\d+)?|[+-]?[.,]\d+")
_AROUND = re.compile(r"[^\d.,'+\-\w\s]+|[A-Za-z]{1,4}")


def _split(text: str) -> tuple[str, list[str]] | None:
    """The digits of a text and the units around them; None where it is no number."""
    found = _NUMBER.search(text)
    if found is None:
        return None
    units = [text[: found.start()].strip().strip("+-"), text[found.end() :].strip()]
    units = [unit for unit in units if unit]
    return (found[0].strip(), units) if all(_AROUND.fullmatch(unit) for unit in units) else None


def _numeric(texts: list[str]) -> bool:
    return bool(texts) and sum(_split(text) is not None for text in texts) >= 0.5 * len(texts)


def _numbers(texts: list[str]) -> tuple[Numbers, list[str]]:
    """How numbers are written, and what cannot be known of it."""
    parts = [_split(text) for text in texts]
    units = Counter(unit for part in parts if part is not None for unit in part[1])
    missing = tuple(dict.fromkeys(text for text, part in zip(texts, parts, strict=True) if part is None))
    decimal, thousands, doubt = _signs([part[0] for part in parts if part is not None])
    factors = {"%": 0.01, "K": 1e3, "k": 1e3, "M": 1e6, "B": 1e9, "bn": 1e9, "T": 1e12}
    known = {unit: factors.get(unit, 1.0) for unit in units}
    questions = [doubt] if doubt else []
    unknown = [unit for unit in known if unit.isalpha() and unit not in factors and unit not in ("USD", "US")]
    if unknown:
        questions.append(f"What do {', '.join(map(repr, unknown))} beside numbers multiply by ([numbers] units)?")
    return Numbers(decimal=decimal, thousands=thousands, units=known, missing=missing), questions


def _signs(digits: list[str]) -> tuple[str, str, str]:
    """The decimal sign, the sign between thousands, and a question where the texts allow both."""
    thousands = next((sign for sign in "'_" if any(sign in text for text in digits)), "")
    if any(space in text for text in digits for space in SPACES):
        thousands = " "
    both = [text for text in digits if "." in text and "," in text]
    if both:
        decimal = max(".,", key=both[0].rfind)
        return decimal, "," if decimal == "." else ".", ""
    for sign, other in ((",", "."), (".", ",")):
        having = [text for text in digits if sign in text]
        if any(text.count(sign) > 1 for text in having):
            return other, sign, ""
        if sign == "," and having:
            in_threes = [text for text in having if re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", text)]
            if len(in_threes) < len(having):
                return ",", thousands, ""
            if any("." in text for text in digits):
                return ".", ",", ""
            return (
                ".",
                ",",
                f'Is {having[0]!r} a thousand and more, or is the comma the decimal sign ([numbers] decimal = ",")?',
            )
    return ".", thousands, ""
