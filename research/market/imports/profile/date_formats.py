"""Formats of dates: English names of months and weekdays read the same whatever language a machine speaks."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

import pandas as pd

from research.errors import DataError

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]  # %w counts from 0
_NUMBERS = {name: f"{number:02d}" for number, name in enumerate(_MONTHS, 1)}
_NUMBERS |= {name[:3]: number for name, number in _NUMBERS.items()} | {"sept": "09"}
_DAYS = {name: str(number) for number, name in enumerate(_WEEKDAYS)}
_DAYS |= {name[:3]: number for name, number in _DAYS.items()} | {"tues": "2", "thur": "4", "thurs": "4"}
_WORD = re.compile(r"[A-Za-z]+")


def with_numbers(date_format: str, texts: Iterable[str]) -> tuple[str, list[str]]:
    """The format with %m for %b and %B, and %w for %a and %A; the texts with numbers in their places.

    A full stop after a short name ("Sept. 5") belongs to the name only where the format has it too.
    """
    numbers: dict[str, str] = {}
    if re.search("%[bB]", date_format):
        numbers |= _NUMBERS
    if re.search("%[aA]", date_format):
        numbers |= _DAYS
    if not numbers:
        return date_format, list(texts)
    form = re.sub("%[bB]", "%m", re.sub("%[aA]", "%w", date_format))
    return form, [_WORD.sub(lambda word: numbers.get(word[0].lower(), word[0]), text) for text in texts]


def check_format(date_format: str) -> None:
    """A format is right if two days come back when they are written and read by it."""
    days = [dt.datetime(2024, 1, 31, tzinfo=dt.UTC), dt.datetime(2013, 12, 2, tzinfo=dt.UTC)]
    form, _ = with_numbers(date_format, [])
    try:
        texts = [day.strftime(form) for day in days]
        back = pd.to_datetime(pd.Series(texts, dtype="str"), format=form, utc=True).tolist()
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"dates: format = {date_format!r}: {error}. Write it as in %d.%m.%Y, or epoch_ms.") from error
    if back != days:
        raise DataError(
            f"dates: format = {date_format!r} does not say year, month and day. Write it as in %d.%m.%Y, or epoch_ms."
        )
