"""What may be asked and what is answered, with the words of `/docs`; those of columns are the publisher's."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from research.errors import suggest
from research.index.published.publication_columns import COLUMNS, COUNT, DAY, FLAG, TEXT
from research.reporting.publishing.site.lists import LISTS

MOST_ROWS = 20_000
Row = TypeVar("Row")


def _day(given: Any) -> Any:
    if isinstance(given, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", given, re.ASCII):
        raise ValueError("expected a day, written as 2024-06-30")  # Pydantic takes a number of seconds too
    return given


_DAY = Annotated[dt.date, BeforeValidator(_day)] | None
_FURTHER: dict[str, Any] = {
    "start": (_DAY, Field(None, description="First day, included")),
    "end": (_DAY, Field(None, description="Last day, included")),
    "date": (_DAY, Field(None, description="What held at the close of this UTC day; default: the last one")),
    "resolution": (Literal["daily", "weekly", "monthly"], Field("daily", description="Last day of each week or month")),
    "benchmark": (str | None, Field(None, max_length=99, description="Figures against it; empty: the index's own")),
    "window": (str | None, Field(None, max_length=99, description="Of these days: SI (since inception) or 1Y")),
    "names": (str, Field(max_length=999, description="Up to 10 names from /v1/indices, with commas between")),
}


class Asked(BaseModel):
    """Parameters of a route."""

    edition: str | None = Field(
        None, max_length=40, description="As published then: a name from /v1/editions, or the `edition` of an answer"
    )

    @model_validator(mode="before")
    @classmethod
    def _known_alone(cls, given: dict[str, Any]) -> dict[str, Any]:
        for name in given:
            if name not in cls.model_fields:  # a slip of the pen would go unnoticed
                raise ValueError(f"there is no parameter {name[:50]!r}: {suggest(name, cls.model_fields)}")
        return given


class AskedRows(Asked):
    """Parameters of every route to a table."""

    format: Literal["json", "csv", "parquet"] = Field("json", description="CSV and Parquet have a column `simulated`")
    limit: int | None = Field(None, ge=1, le=MOST_ROWS, description=f"Rows of one answer, {MOST_ROWS:,} at most")
    offset: int = Field(0, ge=0, le=10**9, description="Rows to leave out; `next` leads to those that follow")


def asking(names: str) -> Any:
    """Further parameters, and those of every table."""
    return create_model("AskedRows", __base__=AskedRows, **{name: _FURTHER[name] for name in names.split()})


class Problem(BaseModel):
    """What went wrong: problem details (RFC 9457)."""

    type: str = Field(description="Kind of error, for programs: it never changes", examples=["urn:problem:not-found"])
    title: str = Field(description="Kind of error, in words")
    status: int = Field(description="Status of the answer")
    detail: str = Field(description="What was found, what was expected, what to do")


class Answer(BaseModel, extra="allow"):
    """What every answer says of itself. Of one index: what it is and where it stands, as in its `facts.json`."""

    index: str = Field(description="Name of the index; names with commas, or empty, where it is about several or all")
    simulated: bool = Field(description="True: of a market that never existed; no such price was ever paid")
    as_of: dt.date | None = Field(description="Last day of the data, UTC")
    edition: str = Field(description="Digest of all that was published: answers with the same one belong together")
    missing: str = Field(
        "", description="Of lists: indices, with commas, left out for their facts are harmed on the disk"
    )


class Page(Answer, Generic[Row]):
    """Rows of a table. Units and meanings of further columns are in `columns` of `/v1/indices/{index}`."""

    total: int = Field(description="Rows there are, on this page and others")
    next: str | None = Field(description="Where the following rows are; null at the end")
    rows: list[Row]


def _page(table: str, columns: dict[str, tuple[str, str]]) -> type[Page[Any]]:
    types: dict[str, Any] = {DAY: dt.date, TEXT: str, FLAG: bool, COUNT: int}  # by unit; others are of numbers
    fields: dict[str, Any] = {
        name: (types.get(unit, float) | None, Field(None, description=words, json_schema_extra={"unit": unit}))
        for name, (unit, words) in columns.items()
    }
    row = create_model(f"{table.title()}Row", __config__=ConfigDict(extra="allow"), **fields)
    return Page[row]  # type: ignore[valid-type]


PAGES = {table: _page(table, columns) for table, columns in (COLUMNS | LISTS).items()}
