"""Coin Metrics community data: one CSV file an asset, a public repository, no key.

Facts, from the source's own pages (read in 2026 as stored copies):

- Licence CC BY-NC 4.0: README.md and LICENSE of github.com/coinmetrics/data. Updated daily; which assets and metrics
  are there can change at any time (same README), so columns are taken by their names.
- `PriceUSD`, caps, volume and on-chain metrics dated D are the close, or the sum, of UTC day D. `ReferenceRateUSD` is a
  point in time: dated D, it is the price at 00:00 of D, the close of **D - 1** (docs.coinmetrics.io, "CM Prices FAQs").
  In the repository's csv/1inch.csv, PriceUSD of 2020-12-26 is ReferenceRateUSD of 2020-12-27, to the last digit.
- `CapMrktCurUSD` counts all units on the chain, `CapMrktEstUSD` an estimate of those in circulation: on 2020-12-26
  1INCH has 2.43 and 0.11 billion USD (same file). Once there is an estimate, the other fills its gaps only while both
  agree, as they do for a coin all of which circulates. Before the first estimate nobody could know: there the cap is of
  all units, and may jump where the estimates begin.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from research.errors import DataError
from research.market.faults import as_data_error
from research.market.imports.profile.profiles import Profile
from research.market.sources.calls import (
    Call,
    Plan,
    Watch,
    changed,
    download,
    last_retrieved,
    of_kind,
    whole_json,
    write_rows,
)
from research.market.sources.client import Client, TryAgain
from research.market.sources.downloads import Downloads, file_name

PROFILE = Path(__file__).with_name("coinmetrics.toml")
FILES = "https://raw.githubusercontent.com/coinmetrics/data/master/"
LISTING = "https://api.github.com/repos/coinmetrics/data/"
FILES_VARIABLE, LISTING_VARIABLE = "RESEARCH_COINMETRICS_URL", "RESEARCH_COINMETRICS_LIST_URL"
TREE = Call(
    name="listing.json",
    # the tree of the whole repository: the listing of one folder would end after 1,000 files (docs.github.com)
    path="git/trees/master",
    parameters={"recursive": "1"},
    check=whole_json,
)
PRICE, REFERENCE = "PriceUSD", ("ReferenceRateUSD", "ReferenceRate")  # the two of REFERENCE are one metric
CIRCULATING_CAP, CHAIN_CAP = "CapMrktEstUSD", "CapMrktCurUSD"
AGREE = 0.01  # relative difference of the two caps up to which they count the same units
VOLUME, SUPPLY = "volume_reported_spot_usd_1d", "SplyCur"
ON_CHAIN = {  # what of a file becomes a further column, and its name there; other metrics keep the vendor's
    "AdrActCnt": "active_addresses",
    "TxCnt": "transactions",
    "TxTfrValAdjUSD": "adjusted_transfer_value_usd",
    "FeeTotUSD": "fees_usd",
    "IssTotUSD": "issuance_usd",
    "CapRealUSD": "realized_cap",
    "CapMVRVCur": "mvrv",
    "NVTAdj": "nvt",
    "HashRate": "hash_rate",
    SUPPLY: "supply_on_chain",
}
_CORE = ("price", "market_cap", "volume", "supply")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(T00:00:00.*)?")


@dataclass(frozen=True, kw_only=True)
class CoinMetrics:
    """A fetch of Coin Metrics files.

    Attributes
    ----------
    assets : tuple of str
        Names of files (btc, eth); empty: every file of the repository.
    since : date, optional
        The first day wanted.
    columns : tuple of str
        On-chain metrics that become further columns of the snapshot, where a file has them.
    """

    assets: tuple[str, ...] = ()
    since: dt.date | None = None
    columns: tuple[str, ...] = tuple(ON_CHAIN)
    calls_per_minute: float = 60.0  # the source states no limit

    @property
    def name(self) -> str:
        return "coinmetrics"

    def plan(self) -> Plan:
        if self.assets:
            what, calls = f"{len(self.assets)} files, one for each asset, of 0.1 to 3 MB", len(self.assets)
        else:
            sizes = _listed(self._listing().get(TREE.path, TREE.parameters, check=TREE.check).body or b"")
            what = f"1 call for the list of files (asked for now), then {len(sizes):,} files, one for each asset"
            what, calls = f"{what}, {sum(sizes.values()) / 1e6:,.0f} MB", 1 + len(sizes)
        return Plan(what=(what,), calls=calls, calls_per_minute=self.calls_per_minute)

    def asked(self) -> dict[str, str]:
        since = self.since.isoformat() if self.since else ""
        return {
            "source": self.name,
            "assets": " ".join(self.assets),
            "since": since,
            "columns": " ".join(self.columns),
            "calls_per_minute": f"{self.calls_per_minute:g}",
        }

    @classmethod
    def from_asked(cls, asked: Mapping[str, str]) -> CoinMetrics:
        """The same fetch again, from what a manifest keeps of it."""
        since = dt.date.fromisoformat(asked["since"]) if asked["since"] else None
        return cls(
            assets=tuple(asked["assets"].split()),
            since=since,
            columns=tuple(asked["columns"].split()),
            calls_per_minute=float(asked["calls_per_minute"]),
        )

    def download(self, downloads: Downloads, since: dt.datetime, watch: Watch) -> None:
        if not self.assets:
            download([TREE], self._listing(), downloads, since, watch, "list of files")
        client = Client(os.environ.get(FILES_VARIABLE, FILES), calls_per_minute=self.calls_per_minute)
        calls = [
            Call(name=_answer(asset), path=f"csv/{quote(asset, safe='')}.csv", check=_whole_csv)
            for asset in self._wanted(downloads)
        ]
        missing = download(calls, client, downloads, since, watch, "Coin Metrics")
        if missing:
            names = ", ".join(unquote(Path(call.path).stem) for call in missing)
            raise DataError(
                f"Coin Metrics has no file for: {names}. Names are tickers in lower case (btc, eth), as in csv/ of "
                "github.com/coinmetrics/data. The other files are kept: leave these names out and run it again."
            )

    def write_table(self, downloads: Downloads, file: Path) -> Profile:
        assets = self._wanted(downloads)
        if not self.assets:  # a file that has left the repository since an earlier fetch stays
            kept = {unquote(Path(name).stem) for name in downloads.names("csv")}
            assets = sorted({*assets, *kept})
        headers = {asset: _header(downloads.read(_answer(asset)), _answer(asset)) for asset in assets}
        extra = [name for name in self.columns if any(name in header for header in headers.values())]
        numbers = [*_CORE, *extra]
        schema = pa.schema({"date": pa.date32(), "asset": pa.string(), **dict.fromkeys(numbers, pa.float64())})
        priced = [asset for asset in assets if PRICE in headers[asset] or _reference(headers[asset])]

        def tables() -> Iterator[pa.Table]:
            for asset in priced:
                yield self._rows(downloads, asset, extra).select(schema.names).cast(schema)

        if not write_rows(file, schema, tables()):
            raise DataError("no file of Coin Metrics has a price in the days asked for. Ask for other assets or days.")
        return self._profile(downloads, assets, extra, unpriced=sorted(set(assets) - set(priced)))

    def _wanted(self, downloads: Downloads) -> list[str]:
        return sorted(set(self.assets) or _listed(downloads.read(TREE.name)))

    def _listing(self) -> Client:
        return Client(os.environ.get(LISTING_VARIABLE, LISTING), calls_per_minute=self.calls_per_minute)

    def _rows(self, downloads: Downloads, asset: str, extra: list[str]) -> pa.Table:
        """The rows of one asset, by day: its prices by both conventions, and the rest."""
        name = _answer(asset)
        vendor = _read(downloads.read(name), name, extra)
        days, reference = vendor["date"], _reference(vendor.column_names)
        own = _column(vendor, PRICE)
        if reference is not None:  # dated D, it is the close of D - 1: the rows are moved before they are joined
            before = pc.subtract(days.cast(pa.int32()), pa.scalar(1, pa.int32())).cast(pa.date32())
            moved = pa.table({"date": before, "moved": vendor[reference]}).filter(pc.is_valid(vendor[reference]))
            vendor = vendor.append_column("own", own).join(moved, "date", join_type="full outer").sort_by("date")
            price = pc.coalesce(vendor["own"], vendor["moved"])
        else:
            price = own
        cap, of_the_chain = _cap(vendor)
        columns = {
            "date": vendor["date"],
            "asset": pa.array([asset] * vendor.num_rows, pa.string()),
            "price": price,
            "market_cap": cap,
            "volume": _column(vendor, VOLUME),
            "supply": pc.if_else(of_the_chain, _column(vendor, SUPPLY), None),
            **{column: _column(vendor, column) for column in extra},
        }
        retrieved = downloads.record(name)
        first_open = dt.date.fromisoformat(retrieved.retrieved_at[:10]) if retrieved else dt.date.max
        table = pa.table(columns)
        table = table.filter(pc.less(table["date"], pa.scalar(first_open)))  # the day of retrieval has not ended
        return table if self.since is None else table.filter(pc.greater_equal(table["date"], pa.scalar(self.since)))

    def _profile(self, downloads: Downloads, assets: list[str], extra: list[str], unpriced: list[str]) -> Profile:
        shipped = Profile.load(PROFILE)
        caveats = list(shipped.caveats)
        if self.assets:
            caveats.append("the assets were chosen by whoever fetched them: assets that died or shrank may be missing")
        if unpriced:
            caveats.append(f"{len(unpriced)} files have no price and are left out: {', '.join(unpriced[:20])}")
        return dataclasses.replace(
            shipped,
            retrieved_at=last_retrieved(downloads.record(_answer(asset)) for asset in assets),
            caveats=tuple(caveats),
            columns=dataclasses.replace(
                shipped.columns, extra={"supply": "supply", **{ON_CHAIN.get(name, name): name for name in extra}}
            ),
            assets={key: asset for key, asset in shipped.assets.items() if key in assets},
        )


def _listed(body: bytes) -> dict[str, int]:
    """The assets that the repository has a file of, with its size in bytes."""
    tree = of_kind(TREE.name, body, dict)
    if tree.get("truncated") or not isinstance(tree.get("tree"), list):
        raise changed(TREE.name, "a whole list of files under 'tree'", "a part of one, or none")
    found = [(re.fullmatch(r"csv/(.+)\.csv", str(e.get("path"))), e.get("size")) for e in tree["tree"]]
    return {match[1]: int(size or 0) for match, size in found if match and match[1] != "metrics"}


def _answer(asset: str) -> str:
    return f"csv/{file_name(asset)}.csv"


def _whole_csv(body: bytes) -> None:
    """Raise `TryAgain` for a file that was cut: each of them ends with the end of a line."""
    if not body.endswith(b"\n"):
        raise TryAgain(f"a file of {len(body):,} bytes ends in the middle of a line.")


def _header(body: bytes, name: str) -> list[str]:
    header = body.split(b"\n", 1)[0].decode("utf-8", "replace").strip().split(",")
    if "time" not in header:
        raise changed(name, "a CSV file with a column 'time'", f"the columns {', '.join(header)[:100]!r}")
    return header


def _read(body: bytes, name: str, extra: list[str]) -> pa.Table:
    """The columns that are wanted and there, with `date` in the place of `time`, sorted; numbers are float64."""
    numbers = [PRICE, *REFERENCE, CIRCULATING_CAP, CHAIN_CAP, VOLUME, SUPPLY, *extra]
    wanted = [column for column in dict.fromkeys(numbers) if column in _header(body, name)]
    with as_data_error(f"the answer {name} cannot be read as CSV", "Remove it from the downloads, and fetch it again."):
        table = pa.csv.read_csv(
            BytesIO(body),
            convert_options=pa.csv.ConvertOptions(
                include_columns=["time", *wanted],
                column_types={"time": pa.string(), **dict.fromkeys(wanted, pa.float64())},
            ),
        )
        texts = table["time"].to_pylist()
        wrong = next((text for text in texts if not _DAY.fullmatch(text)), None)
        if wrong is not None:
            raise changed(name, "days such as 2024-01-31 under 'time'", repr(wrong[:30]))
        days = pa.array([text[:10] for text in texts]).cast(pa.date32())
    return table.set_column(0, "date", days).sort_by("date")


def _cap(vendor: pa.Table) -> tuple[pa.Array, pa.Array]:
    """The market cap of each day, and the days on which it counts the units of SplyCur: all on the chain.

    Decided for a day from that day and those before. Of circulating units from the first day on where that is known;
    the other cap stands before it, and later for missing days while both agreed on the latest day that has both.
    """
    circulating, chain = (_column(vendor, name).to_pandas() for name in (CIRCULATING_CAP, CHAIN_CAP))
    both = circulating.notna() & (chain > 0)
    difference = (circulating / chain - 1).abs().where(both).ffill()
    of_the_chain = (difference <= AGREE) | circulating.ffill().isna()
    cap = circulating.where(circulating.notna() | ~of_the_chain, chain)
    return pa.array(cap, from_pandas=True), pa.array(of_the_chain)


def _reference(columns: list[str]) -> str | None:
    return next((name for name in REFERENCE if name in columns), None)


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name in table.column_names:
        return table[name]
    return pa.chunked_array([pa.nulls(table.num_rows, pa.float64())])
