"""Tables that more than one page shows. Those of one page lie with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from research.evaluation.resampling.forecasts import CAVEAT
from research.market.manifest import Manifest
from research.reporting.presentation.formats import format_value
from research.reporting.presentation.table import Table
from research.rulebook.measure_names import Measure
from research.rulebook.methodology import Methodology


def provenance(manifest: Manifest, given: Mapping[str, Any], commit: str, versions: Mapping[str, str]) -> Table:
    """What a result was made from: data, parameters, code and versions."""
    rows = {
        "snapshot": manifest.name,
        "fingerprint": manifest.fingerprint,
        "source": manifest.source,
        "retrieved": manifest.retrieved_at,
        "licence": manifest.licence,
        "dating": manifest.close_convention,
        "parameters": ", ".join(f"{name} = {value!r}" for name, value in given.items()),
        "code": f"commit {commit}",
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }
    made_from = {"name": manifest.name, "fingerprint": manifest.fingerprint, "simulated": manifest.simulated}
    return Table(
        pd.DataFrame({"what": list(rows), "is": list(rows.values())}), "Made from", metadata={"snapshot": made_from}
    )


def nearest_misses(frame: pd.DataFrame, rules: Methodology) -> Table:
    """`IndexHistory.nearest_misses` with the measure in words and in its own unit."""
    dollars = any(word in rules.selection.rank_by for word in ("cap", "volume", "price"))
    return Table(
        frame,
        "The nearest misses: left out, and stopped by one screen at most",
        formats={"rank_value": "usd" if "cap" in rules.selection.rank_by else "number"},
        headers={"asset_id": "asset", "rank_value": Measure.parse(rules.selection.rank_by, "rank_by").words},
        note="Where there is a buffer, a member that ranks lower may keep its place.",
        raw=("rank_value",) if dollars else (),
    )


def events(frame: pd.DataFrame, *, limit: int = 15) -> Table:
    """`IndexHistory.events`, the latest first."""
    return Table(
        frame.iloc[::-1].assign(detail=frame["detail"].str.replace("_", " ")).reset_index(drop=True),
        "Events, the latest first",
        formats={"effect_bps": "ratio"},
        headers={"asset_id": "asset", "effect_bps": "effect on the level, basis points"},
        limit=limit,
    )


def red_flags(found: pd.DataFrame, rules: pd.DataFrame, *, brief: bool = False) -> Table:
    """`find_red_flags` beside all `red_flag_rules`, so that what was looked for and not found is seen as well.

    `brief`: those that were found alone, the names of the others in the note.
    """
    table = rules.join(found.set_index("flag").rename(columns={"severity": "found"}), how="left")
    table["found"] = table["found"].fillna("no")
    table = table.set_axis(table.index.str.replace("_", " "), axis="index").rename_axis("flag")
    table["evidence"] = table["evidence"].str.replace("_", " ")
    named = "".join(f"; {name}: {word}" for name, word in table["found"].items() if word != "no")
    order = table["found"].map({"serious": 0, "warning": 1, "notice": 2}).fillna(3)
    table = table.iloc[order.argsort(kind="stable")]
    others = ", ".join(table.index[table["found"] == "no"])
    looked = f"Looked for and not found, or the history is too short to look: {others}. " if brief else ""
    return Table(
        (table[table["found"] != "no"] if brief else table)[["found", "since", "evidence", "rule"]],
        "Red flags" if brief else "Red flags, found or not",
        finding=f"{len(found)} of {len(rules)} red flags{named}",
        formats={"since": "date"},
        note=f"{looked}A flag is a question for a reviewer; no: not found, or the history is too short to look. "
        "How often each rule fires by chance was measured on simulated "
        "markets: research/evaluation/CONVENTIONS.md.",
    )


def expectations(frame: pd.DataFrame) -> Table:
    """`expectations` of returns of 365 days a year: quantiles of what resampled futures brought."""
    names = {"total_return": "return", "max_drawdown": "deepest fall"}
    rows = [f"{format_value(horizon, 'years')}: {names[measure]}" for horizon, measure in frame.index]
    shown = frame.set_axis(rows, axis="index").rename_axis("over the next")
    quantiles = [name for name in frame.columns if not isinstance(name, str)]
    shown = shown.rename(columns={name: f"{format_value(name, 'short percent')} quantile" for name in quantiles})
    shown.loc[shown.index.str.contains("deepest fall"), "share_negative"] = float("nan")  # every path falls at times
    year = frame.iloc[0]
    low, high = (format_value(year[quantile], "growth") for quantile in (0.25, 0.75))
    chance = format_value(year["share_negative"], "percent")
    return Table(
        shown,
        "What to expect if the future resampled the past",
        finding=f"Half of the resampled years end between {low} and {high}; {chance} with a loss",
        formats=dict.fromkeys(shown.columns.drop("share_negative"), "growth") | {"share_negative": "percent"},
        headers={"share_negative": "chance of a loss"},
        note=CAVEAT,
    )


def calendar(frame: pd.DataFrame) -> Table:
    """`IndexHistory.calendar`: the next dates."""
    return Table(
        frame,
        "The next dates of the calendar",
        headers={"determination_date": "decided at the close of", "effective_date": "traded at the close of"},
    )


def ledger(frame: pd.DataFrame) -> Table:
    """`ledger_counts`."""
    words = frame.assign(**{name: frame[name].str.replace("_", " ") for name in ("field", "rule")})
    return Table(words, "Ledger of the snapshot", limit=30)
