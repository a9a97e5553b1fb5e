"""What a profile says about single assets: ids, names and tags, by the vendor's key."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from research.errors import DataError
from research.market.layout import text_fault


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


def _check_text(text: str, what: str) -> None:
    fault = text_fault(text)
    if fault:
        raise DataError(f"{what} = {text[:30]!r} is {fault}. Correct it, or leave it out.")
