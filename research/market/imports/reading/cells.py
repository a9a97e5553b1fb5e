"""Cells of a column -> moments, codes of texts, numbers. What cannot be read is refused: file, column, row."""

from __future__ import annotations

import functools
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from research.errors import DataError
from research.market.imports.profile.date_formats import with_numbers
from research.market.imports.profile.sections import EPOCHS, SPACES, Dates, Numbers
from research.market.imports.reading.batches import Batch
from research.market.layout import LONGEST_TEXT, text_fault
from research.typing import FloatArray

EMPTY_TEXTS = ["", "NaN", "nan", "NA", "N/A", "n/a", "null", "NULL", "None"]
DAY = 86_400  # seconds
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9} | EPOCHS  # a second
_SECONDS = np.array(["0001-01-01", "10000-01-01"], dtype="datetime64[s]").astype(np.int64)


def moments(batch: Batch, name: str, dates: Dates) -> tuple[np.ndarray, bool]:
    """Seconds since 1970 in UTC of each row, and whether any of them has a time of day."""
    column, epoch = _required(batch, name), dates.format in EPOCHS
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        ticks = column.cast(pa.int32() if pa.types.is_date32(column.type) else pa.int64())
        unit = "day" if pa.types.is_date32(column.type) else getattr(column.type, "unit", "ms")
    elif epoch:
        ticks, unit = _ticks(batch, column, name), str(dates.format)
    else:
        return _written(batch, column, name, dates)
    whole = ticks.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    seconds: np.ndarray = whole * DAY if unit == "day" else whole // _TICKS[unit]
    wrong = ticks.is_null().to_numpy(zero_copy_only=False) | _outside(seconds)
    _refuse_wrong_dates(batch, name, column if epoch else ticks, dates, wrong)
    if pa.types.is_timestamp(column.type) and column.type.tz is None:
        seconds = _from_zone(seconds, dates.zone)
    return seconds, epoch or dates.zone != "UTC" or bool((seconds % DAY != 0).any())


def codes(batch: Batch, names: tuple[str, ...], words: dict[str, int]) -> np.ndarray:
    """The number of each text among `words`, which grows; -1 where there is none. Several columns make one text."""
    column = batch.column(names[0])
    if column is None:
        return np.full(len(batch.row), -1, dtype=np.int32)
    where = f"{batch.file.label}, column {' and '.join(map(repr, names))}"
    if len(names) > 1:
        parts = [_text_column(_unpacked(_required(batch, name)), where) for name in names]
        column = pc.binary_join_element_wise(*(pc.utf8_trim_whitespace(part) for part in parts), " ")
    column = column if pa.types.is_dictionary(column.type) else _text_column(column, where).dictionary_encode()
    texts = _text_column(column.dictionary, where)
    found = _known(texts, words)
    for number in np.flatnonzero(found < 0):
        text = texts[number].as_py().strip()
        fault = None if text in EMPTY_TEXTS else text_fault(text)
        if fault:
            row = batch.first(column.indices.fill_null(-1).to_numpy(zero_copy_only=False) == number)
            raise DataError(f"{where}: row {row} has {fault}: {text[:30]!r}. Correct it.")
        found[number] = -1 if text in EMPTY_TEXTS else words.setdefault(text, len(words))
    indices = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    numbers: np.ndarray = np.append(found, -1).astype(np.int32)[indices]
    return numbers


def _known(texts: pa.Array, words: dict[str, int]) -> np.ndarray:
    """The number of each text that is among `words` as it stands, else -1."""
    if 4 * len(texts) < len(words):  # then the table of all words takes longer to make than these to be looked up
        return np.array([words.get(text, -1) for text in texts.to_pylist()], dtype=np.int64)
    places = pc.index_in(texts, pa.array(list(words), pa.string()))
    found: np.ndarray = places.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def numbers(batch: Batch, name: str, how: Numbers) -> FloatArray:
    """The number of each row, NaN where there is none."""
    column = batch.column(name)
    if column is None:
        return np.full(len(batch.row), np.nan)
    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        typed: FloatArray = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return typed
    texts = _trimmed(batch, column, name, "numbers", how.missing)
    plain, factors = (texts, None) if how.plain else _as_programs_write(texts, how)
    try:
        values = plain.cast(pa.float64()).to_numpy(zero_copy_only=False)
        wrong = np.isnan(values) & texts.is_valid().to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        values = np.array([_number(text) for text in plain], dtype=float)
        wrong = np.isnan(values) & texts.is_valid().to_numpy(zero_copy_only=False)
    if wrong.any():
        text = texts[int(wrong.argmax())].as_py()
        raise DataError(
            f"{batch.file.label}, column {name!r}: row {batch.first(wrong)} holds {text[:60]!r}, expected a number "
            f"such as {_example(how)} or nothing. {_advice(text, how)}"
        )
    found: FloatArray = values if factors is None else values * factors
    return found


def _required(batch: Batch, name: str) -> pa.Array:
    column = batch.column(name)
    assert column is not None, f"{name} was not asked for"
    return column


def _outside(seconds: np.ndarray) -> np.ndarray:
    outside: np.ndarray = (seconds < _SECONDS[0]) | (seconds >= _SECONDS[1])
    return outside


def _ticks(batch: Batch, column: pa.Array, name: str) -> pa.Array:
    """Whole numbers since 1970; null where a cell holds none (1.5E+12, shortened by a spreadsheet, lost its day)."""
    if pa.types.is_integer(column.type):
        return column.cast(pa.int64(), safe=False)
    if pa.types.is_floating(column.type):
        values = column.to_numpy(zero_copy_only=False)
        whole = np.isfinite(values) & (np.abs(values) < 2**53)
        return pa.array(np.where(whole, values, 0).astype(np.int64), mask=~whole)
    texts = _trimmed(batch, column, name, "dates", ())
    digits = pc.match_substring_regex(texts, r"^-?\d{1,18}(\.0*)?$")
    return pc.replace_substring_regex(pc.if_else(digits, texts, None), r"\.0*$", "").cast(pa.int64())


def _written(batch: Batch, column: pa.Array, name: str, dates: Dates) -> tuple[np.ndarray, bool]:
    """Dates that are texts, or whole numbers such as 20240131 where the format says so."""
    if pa.types.is_integer(column.type) and dates.format:
        column = column.cast(pa.string())
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        where = f"{batch.file.label}, column {name!r}"
        raise DataError(f"{where}: the column holds {column.type}, expected dates. {_epoch_hint(column)}")
    texts = _trimmed(batch, column, name, "dates", ()).dictionary_encode()
    words = texts.dictionary.to_pylist()
    known, timed = _parsed(tuple(sorted(words)), dates)
    parsed = np.array([*(known[word] for word in words), np.iinfo(np.int64).min])
    seconds = parsed[texts.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
    _refuse_wrong_dates(batch, name, column, dates, _outside(seconds))
    return seconds, timed


@functools.lru_cache(maxsize=4)  # the days of one asset are those of the next
def _parsed(words: tuple[str, ...], dates: Dates) -> tuple[dict[str, int], bool]:
    """Seconds since 1970 by text, far outside where one is no date; and whether the texts have a time of day."""
    texts = pd.Series(words, dtype="str")
    if dates.format:
        form, numbered = with_numbers(dates.format, texts)
        timed = bool(re.search("%[HIMSfpzXcT]", form))
        found = pd.to_datetime(pd.Series(numbered, dtype="str"), format=form, errors="coerce", utc=True)
        zoned = "%z" in form
    else:
        whole = texts.where(texts.str.match(r"\d{4}-\d{2}-\d{2}"))  # not 2018, nor 20180130
        timed = bool((whole.str.len() > 10).any())
        found = pd.to_datetime(whole, format="ISO8601", errors="coerce", utc=True)
        zoned = bool(whole.str.contains(r"(?:[zZ]|\d[+-]\d{2}:?\d{2})$").any())
    naive = found.dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    seconds = np.where(np.isnat(naive), np.iinfo(np.int64).min, naive.astype(np.int64))
    seconds = seconds if zoned else _from_zone(seconds, dates.zone)
    return dict(zip(words, seconds.tolist(), strict=True)), timed or dates.zone != "UTC"


def _from_zone(seconds: np.ndarray, zone: str) -> np.ndarray:
    """Clock times of a zone as UTC. Of an hour that occurs twice the second is meant; one left out is no time."""
    if zone == "UTC":
        return seconds
    known = ~_outside(seconds)
    clock = pd.DatetimeIndex(seconds[known].astype("datetime64[s]"))
    utc = clock.tz_localize(zone, ambiguous=np.zeros(len(clock), bool), nonexistent="NaT").tz_convert("UTC")
    naive = utc.tz_localize(None).to_numpy().astype("datetime64[s]")
    found = np.full(len(seconds), np.iinfo(np.int64).min)
    found[known] = np.where(np.isnat(naive), np.iinfo(np.int64).min, naive.astype(np.int64))
    return found


def _refuse_wrong_dates(batch: Batch, name: str, column: pa.Array, dates: Dates, wrong: np.ndarray) -> None:
    if wrong.any():
        found = column[int(wrong.argmax())].as_py()
        hint = _epoch_hint(pa.array([found])) if isinstance(found, int | float) else _date_hint(str(found), dates)
        hint = _below_hint(batch, name, int(wrong.argmax())) or hint
        raise DataError(
            f"{batch.file.label}, column {name!r}: row {batch.first(wrong)} has the date {found!r}, expected "
            f"{dates.format or 'YYYY-MM-DD'} of the years 1 to 9999. {hint}"
        )


def _below_hint(batch: Batch, name: str, place: int) -> str:
    """Where the row of a CSV holds nothing but this text, it probably stands below the table."""
    others = [column[place].as_py() for column in batch.table.columns if not column.equals(batch.column(name))]
    if not batch.file.ending.startswith(".csv") or any(str(other or "").strip() for other in others):
        return ""
    below = len(batch.row) - place
    return f"The row holds nothing else: if it stands below the table, say skip_last_lines = {below} under [files]."


def _date_hint(text: str, dates: Dates) -> str:
    if re.fullmatch(r"-?\d{9,19}(\.0*)?", text):
        return _epoch_hint(pa.array([int(float(text))]))
    if re.fullmatch(r"\d(\.\d+)?[eE]\+\d+", text):
        return "A spreadsheet shortened this number, and its day is lost. Export the table again."
    return "Correct it, or " + ("correct" if dates.format else "give") + " the profile's format under [dates]."


def _epoch_hint(column: pa.Array) -> str:
    """Which of the epochs makes a year of the present of a number."""
    value = next((abs(number) for number in column.to_pylist() if number), 0)
    for name, ticks in EPOCHS.items():
        if 10**8 <= value / ticks < 10**10:  # 1973 to 2286
            return f'It looks like time since 1970: say format = "{name}" under [dates].'
    return "Say how dates are written with format under [dates]."


def _as_programs_write(texts: pa.Array, how: Numbers) -> tuple[pa.Array, FloatArray | None]:
    """Texts with a point and no other sign, null where they are not written as `how` says; what units multiply by."""
    texts, factors = _without_units(texts, how)
    sign = f"[{SPACES}]" if how.thousands == " " else re.escape(how.thousands)
    whole = rf"(?:\d{{1,3}}(?:{sign}\d{{3}})+|\d+)" if how.thousands else r"\d+"
    point = re.escape(how.decimal)
    right = pc.match_substring_regex(texts, rf"^[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?$")
    texts = pc.if_else(right, texts, None)
    if how.thousands:
        texts = pc.replace_substring_regex(texts, sign, "")
    return pc.replace_substring(texts, how.decimal, "."), factors


def _without_units(texts: pa.Array, how: Numbers) -> tuple[pa.Array, FloatArray | None]:
    """Take one unit from the begin and one from the end of each text; a text of a unit alone stays wrong."""
    if not how.units:
        return texts, None
    factors = np.ones(len(texts))
    units = sorted(how.units, key=len, reverse=True)
    for pattern, at_start in (("^([+-]?)(%s)\\s*", True), ("()\\s*(%s)$", False)):
        done = np.zeros(len(texts), dtype=bool)
        for unit in units:
            form = pattern % re.escape(unit)
            has = pc.fill_null(pc.match_substring_regex(texts, form), False).to_numpy(zero_copy_only=False) & ~done
            if has.any():
                bare = pc.replace_substring_regex(texts, form, r"\1" if at_start else "", max_replacements=1)
                texts = pc.if_else(pa.array(has), bare, texts)
                factors[has] *= how.units[unit]
                done |= has
    return texts, factors


def _example(how: Numbers) -> str:
    return f"1{how.thousands}234{how.decimal}5"


def _advice(text: str, how: Numbers) -> str:
    """Which key of the profile this text probably needs."""
    digits = re.search(r"\d[\d.,'_ \u00a0\u2009\u202f]*", text)
    if digits is None:
        return f'If it means that there is no value, say missing = ["{text[:20]}"] under [numbers]; else correct it.'
    around = (text[: digits.start()] + text[digits.end() :]).strip().strip("+-").strip()
    if around and around not in how.units and not re.search(r"\d", around):
        return f'Say what {around[:20]!r} multiplies by, e.g. units = {{ "{around[:20]}" = 1 }} under [numbers].'
    signs = sorted({sign for sign in digits[0].strip() if not sign.isdigit()} - {how.thousands, how.decimal})
    if signs and not around:
        sign = signs[0] if signs[0] not in SPACES else " "
        other = f' or, if it parts the decimals, decimal = "{sign}"' if sign in ",." else ""
        return f'If {sign!r} stands between thousands, say thousands = "{sign}"{other} under [numbers].'
    return "Correct the table, or [numbers] of the profile; a missing value is left empty."


def _number(text: pa.Scalar) -> float:
    try:
        value: float = text.cast(pa.float64()).as_py() if text.is_valid else np.nan
    except pa.ArrowInvalid:
        return float("nan")
    return value


def _trimmed(batch: Batch, column: pa.Array, name: str, expected: str, missing: tuple[str, ...]) -> pa.Array:
    """A column of texts without spaces around them, null where nothing is left or what is left means nothing."""
    where = f"{batch.file.label}, column {name!r}"
    if pa.types.is_dictionary(column.type):
        longest = pc.max(pc.binary_length(_text_column(column.dictionary, where, expected))).as_py() or 0
        if longest > LONGEST_TEXT:  # unpacked, each row would have its own
            raise DataError(f"{where} holds a text of {longest:,} bytes, expected {expected}.")
        column = column.dictionary_decode()
    texts = pc.utf8_trim_whitespace(_text_column(column, where, expected))
    nothing = pa.array([*EMPTY_TEXTS, *(text.strip() for text in missing)])
    return pc.if_else(pc.is_in(texts, nothing), None, texts)


def _unpacked(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _text_column(column: pa.Array, where: str, expected: str = "text") -> pa.Array:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise DataError(f"{where}: the column holds {column.type}, expected {expected}.")
    return column.cast(pa.string())
