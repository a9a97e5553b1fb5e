"""What a vendor's table says about identity that an import cannot decide: lines for a table of identities.

Each is proposed from the rows of one key, or of two keys of which one ends as the other begins; a person keeps, changes
or removes the line. Redenominations are proposed from a snapshot (`propose_redenominations`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from research.market.imports.cleaning.checks import apply_dating
from research.market.imports.cleaning.clean_rows import ROWS_AT_A_TIME
from research.market.imports.cleaning.identities import COLUMNS
from research.market.imports.profile.profiles import Profile
from research.market.imports.reading.batches import Tally
from research.market.imports.reading.files import Given, find_files
from research.market.imports.reading.table import VendorTable, read_vendor_table

GAP = 90  # days
JUMP = 2.0  # of the price over a gap
SAME_SUPPLY = 0.03  # log of cap / price, where one key takes over from another
A_DAYS_MOVE = 0.25  # log of the price, times the root of the days in between
SOON = 7  # days, or a step of the table


def propose_identities_of(table: Given, profile: str | Path | Profile) -> pd.DataFrame:
    """Lines for a table of identities, from a vendor's files as their profile reads them: see `propose_identities`."""
    profile = profile if isinstance(profile, Profile) else Profile.load(profile)
    with TemporaryDirectory() as folder:
        files = find_files(table, profile.files)
        vendor = read_vendor_table(files, profile, Tally(), lambda: Path(folder))
        return propose_identities(_frames(vendor, profile))


def _frames(vendor: VendorTable, profile: Profile) -> Iterator[pd.DataFrame]:
    """The rows of some keys at a time, as `propose_identities` takes them."""
    for part in vendor.rows.blocks(ROWS_AT_A_TIME):
        day, _ = apply_dating(part["day"], profile.dating)
        columns = {
            "key": pd.Categorical.from_codes(part["key"], pd.Index(vendor.texts["key"], dtype="str")).astype("str"),
            "date": day.astype("datetime64[D]").astype("datetime64[us]"),
            "price": part["price"],
            "market_cap": part.get("market_cap", np.full(len(day), np.nan)),
        }
        if "name" in part:
            columns["name"] = pd.Categorical.from_codes(part["name"], pd.Index(vendor.texts["name"], dtype="str"))
        yield pd.DataFrame(columns)


def propose_identities(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Lines for a table of identities.

    Parameters
    ----------
    parts : iterable of DataFrame
        All rows of some keys in each: key, date (whose close it is), price, market_cap and, where the vendor has it,
        name; NaN where there is none.

    Returns
    -------
    DataFrame
        The columns of the table; `kind` is

        - "twice": a key has two rows on one day, under different names;
        - "name": a key gets another name from one day on (often no more than another spelling);
        - "gap": prices come back after more than 90 days, at more than twice or less than half the last one;
        - "rename": a key ends, and within days (the next row of a monthly table) another begins near its price, with
          its supply. An exchange at another ratio than 1 does not show.

        `note` has the evidence; a line of "twice" or "name" is proposed for each name.
    """
    lines: list[dict[str, object]] = []
    firsts, lasts, days = [], [], [np.array([], dtype="datetime64[D]")]
    for rows in parts:
        names = rows["name"].astype("str").fillna("") if "name" in rows else pd.Series("", rows.index)
        rows = rows.assign(name=names, market_cap=rows["market_cap"].where(rows["market_cap"] > 0))
        rows = rows[rows["price"] > 0].sort_values(["key", "date"], kind="stable")
        lines += [line for key, part in rows.groupby("key") for line in _of_key(str(key), part)]
        firsts.append(rows.drop_duplicates("key"))
        lasts.append(rows.drop_duplicates("key", keep="last"))
        days.append(np.unique(rows["date"].to_numpy("datetime64[D]")))
    every = np.unique(np.concatenate(days))
    if len(every) > 1:
        step = int(np.median(np.diff(every).astype(int)))
        first, last = pd.concat(firsts), pd.concat(lasts)
        begins, ends = first[first["date"] > every[0]], last[last["date"] < every[-1]]
        lines += _renames(begins, ends, pd.Timedelta(days=max(SOON, step + 1)))
    return pd.DataFrame(lines, columns=COLUMNS)


def _line(key: str, asset_id: str, kind: str, note: str, *, name: str = "", start: str = "") -> dict[str, object]:
    said = {"key": key, "name": name, "from": start, "asset_id": asset_id, "kind": kind, "note": note}
    return {column: said.get(column, "") for column in COLUMNS}


def _of_key(key: str, part: pd.DataFrame) -> Iterator[dict[str, object]]:
    twice = part[part.duplicated("date", keep=False)]
    if len(set(twice["name"])) > 1:
        day = twice["date"].iloc[0]
        names = part["name"].drop_duplicates().tolist()
        for number, name in enumerate(names):
            prices = twice.loc[(twice["date"] == day) & (twice["name"] == name), "price"]
            at = f" at {prices.iloc[0]:.6g}" if len(prices) else ""
            note = f"{len(names)} names under one key, two rows on {day:%Y-%m-%d}{at}"
            yield _line(key, _id(key, number), "twice", note, name=name)
        return
    part = part.drop_duplicates("date")  # two closes of a day where the vendor's dating changes are one asset's
    yield from _names(key, part)
    gap = part["date"].diff() > pd.Timedelta(days=GAP)
    jump = np.abs(np.log(part["price"]).diff()) > np.log(JUMP)
    for number, place in enumerate(np.flatnonzero((gap & jump).to_numpy()), start=1):
        before, row = part.iloc[place - 1], part.iloc[place]
        yield _line(key, _id(key, number), "gap", _move(before, row), start=f"{row['date']:%Y-%m-%d}")


def _names(key: str, part: pd.DataFrame) -> Iterator[dict[str, object]]:
    """A line for each name, in the order in which they come up."""
    names = part["name"].drop_duplicates().tolist()
    for number, name in enumerate(names if len(names) > 1 else []):
        place = int((part["name"] == name).to_numpy().argmax())
        row, last = part.iloc[place], part.iloc[max(0, place - 1)]
        note = f"was {last['name']!r}; {_move(last, row)}" if number else f"from {row['date']:%Y-%m-%d} on"
        yield _line(key, _id(key, number), "name", note, name=name)


def _move(before: pd.Series, row: pd.Series) -> str:
    """From one row to another, in words."""
    cap = row["market_cap"] / before["market_cap"]
    caps = f", market cap x{cap:.3g}" if np.isfinite(cap) else ""
    days, step = (row["date"] - before["date"]).days, row["price"] / before["price"]
    return f"{days} days after the last price: price x{step:.4g}{caps}"


def _id(key: str, number: int) -> str:
    return key.lower() if number == 0 else f"{key.lower()}-{number + 1}"


def _renames(begins: pd.DataFrame, ends: pd.DataFrame, soon: pd.Timedelta) -> Iterator[dict[str, object]]:
    """Keys that end while another begins with their supply; for each that begins, the nearest that ends."""
    begins, ends = begins.sort_values("date"), ends.sort_values("date")
    pairs = begins.merge(ends, how="cross", suffixes=("", "_old"))
    wait = pairs["date"] - pairs["date_old"]
    price = np.log((pairs["price"] / pairs["price_old"]).to_numpy())
    supply = np.log((pairs["market_cap"] / pairs["market_cap_old"]).to_numpy()) - price
    near = (np.abs(price) <= A_DAYS_MOVE * np.sqrt(wait.dt.days.clip(lower=1))) & (np.abs(supply) <= SAME_SUPPLY)
    pairs = pairs.assign(supply=supply, apart=np.abs(supply))[near & (wait > pd.Timedelta(0)) & (wait <= soon)]
    pairs = pairs.sort_values("apart", kind="stable")
    for pair in pairs.drop_duplicates("key").itertuples(index=False):
        note = (
            f"{pair.key_old} ends on {pair.date_old:%Y-%m-%d} at {pair.price_old:.4g}, {pair.key} begins on "
            f"{pair.date:%Y-%m-%d} at {pair.price:.4g}, supply x{np.exp(pair.supply):.4g}"
        )
        yield _line(str(pair.key_old), str(pair.key).lower(), "rename", note)
        yield _line(str(pair.key), str(pair.key).lower(), "rename", note)
