"""Answers as bytes: formats, pages of rows, compression, and what a client has already."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import mimetypes
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from research.csv_tables import write_csv
from research.reporting.publishing.placing import digest
from research.service.models import MOST_ROWS, PAGES, AskedRows

MOST_BYTES = 32_000_000  # of one answer
MEDIA = {"json": "application/json", "csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_PACKED = re.compile("text/|application/json|image/svg")
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)
_not_modified = StaticFiles().is_not_modified


@dataclass(frozen=True)
class Made:
    """An answer, packed too where that helps, with the headers that belong to it."""

    body: bytes
    packed: bytes
    headers: Mapping[str, str]

    def __len__(self) -> int:
        """Bytes in memory."""
        return len(self.body) + len(self.packed)

    @classmethod
    def of(cls, body: bytes, media: str, about: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Made:
        """`about` has when it `changed`, and what `Answer` says. Raises `HTTPException` beyond the bound."""
        if len(body) > MOST_BYTES:
            raise HTTPException(413, f"It has more than {MOST_BYTES:,} bytes. Ask for fewer rows or days.")
        packed = gzip.compress(body, 6, mtime=0) if len(body) > 1000 and _PACKED.match(media) else b""
        modified = format_datetime(about["changed"].astimezone(dt.UTC), usegmt=True)
        own = {"content-type": media, "etag": f'"{digest(body)[:20]}"', "last-modified": modified}
        own |= {"cache-control": "no-cache", "vary": "accept-encoding"}
        own |= {f"x-{name}": str(about[name]).lower() for name in ("edition", "simulated", "missing") if name in about}
        return cls(body, packed, own | dict(headers or {}))

    @classmethod
    def of_file(cls, file: Path) -> Made:
        """A file, read whole before its answer begins: a build that replaces it tears nothing."""
        with file.open("rb") as stream:
            content, modified = stream.read(MOST_BYTES + 1), os.fstat(stream.fileno()).st_mtime
        media = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return cls.of(content, media, {"changed": dt.datetime.fromtimestamp(modified, dt.UTC)})

    def response(self, request: Headers) -> Response:
        """As the client takes it; 304 where it has the same already."""
        headers = dict(self.headers)
        if packed := self.packed if _GZIP.search(request.get("accept-encoding", "")) else b"":
            headers |= {"content-encoding": "gzip", "etag": f'{headers["etag"][:-1]}-gzip"'}
        if _not_modified(Headers(headers), request):
            return Response(status_code=304, headers=headers)
        return Response(packed or self.body, headers=headers)


def answer_rows(about: Mapping[str, Any], name: str, table: pd.DataFrame, asked: AskedRows, path: str) -> Made:
    """A page of a table. `about` has what `Answer` says, and when it `changed`."""
    total, size = len(table), asked.limit or MOST_ROWS
    if total > size and not asked.limit and asked.format != "json":
        raise HTTPException(413, f"There are {total:,} rows; {size:,} is the most. Give limit, offset, or fewer days.")
    table, after = table.iloc[asked.offset : asked.offset + size], asked.offset + size
    further = asked.model_dump(mode="json", exclude_unset=True)
    further |= {"limit": size, "offset": after, "edition": asked.edition or about["edition"]}  # never of two builds
    more = f"{path}?{urlencode(further)}" if after < total else None
    headers = {"x-total-rows": str(total)} | ({"link": f'<{more}>; rel="next"'} if more else {})
    if asked.format == "json":
        days = {str(column): table[column].dt.date for column in table.select_dtypes("datetime")}
        plain = table.assign(**days).astype(object)
        found = plain.where(plain.notna(), None).to_dict("records")
        page = PAGES[name].model_validate({**about, "total": total, "next": more, "rows": found})
        body = page.model_dump_json(exclude_unset=True, exclude={"changed"}).encode()
    else:
        stream = io.BytesIO()
        marked = table if "simulated" in table else table.assign(simulated=about["simulated"])
        write_csv(marked, stream) if asked.format == "csv" else marked.to_parquet(stream, index=False)
        body = stream.getvalue()
    return Made.of(body, MEDIA[asked.format], about, headers)
