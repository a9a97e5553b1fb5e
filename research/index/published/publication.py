"""What an index hands to other programs: its tables, each with one key, and the facts that it takes to read them.

Units and descriptions of the columns are in `publication_columns.py`; `reporting.publishing` writes the files.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from research.errors import DataWarning
from research.evaluation import calendar_table, performance_summary, rebased, returns_from_levels
from research.evaluation.periods import window_start
from research.evaluation.summary import relative_summary
from research.evaluation.summary_rows import AGAINST_BENCHMARK
from research.index.comparisons.comparison import SAME_RULES
from research.index.decisions.records import CHOOSING
from research.index.history import IndexHistory
from research.index.published.publication_columns import COLUMNS, described, is_raw, type_of

LEVEL, GROSS = "level", "gross_level"
WINDOWS = ("SI", "1Y")
RELATIVE = [row.metric.__name__ for row in AGAINST_BENCHMARK]


@dataclass(frozen=True, kw_only=True, eq=False)
class PublishedIndex:
    """An index as tables and facts; each is made when first asked for.

    Attributes
    ----------
    index : IndexHistory
    levels : DataFrame
        `levels_beside`: the index first, then its benchmarks.
    assets : sequence of str
        The benchmarks that are single assets: their levels are prices.
    summary : DataFrame
        `performance_summary` against the first benchmark, since inception.
    risk_free : float
        Annual rate, of the figures.
    draws : int
        Resampled histories behind the intervals.
    """

    index: IndexHistory
    levels: pd.DataFrame
    assets: Sequence[str]
    summary: pd.DataFrame
    risk_free: float
    draws: int

    @property
    def benchmarks(self) -> list[str]:
        """Names of the benchmarks; figures that are against one are against the first."""
        return [str(name) for name in self.levels.columns[1:]]

    @property
    def redistribute(self) -> bool:
        """Whether the licence of the market lets prices, market caps and volumes be passed on."""
        return self.index.market.manifest.redistribute

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Table by name, plain columns without an index, without raw values where the licence forbids them."""
        index = self.index
        made = {
            "levels": self._levels(),
            "weights": self._weights(),
            "members": index.constituents,
            "rebalances": index.rebalances.reset_index(),
            "trades": index.constituents.loc[lambda table: table["trade"] != 0.0].reset_index(drop=True),
            "decisions": index.decisions,
            "events": index.events,
            "metrics": self._metrics(),
            "calendar": self._calendar(),
        }
        if index.signals is not None:
            made["signals"] = index.signals.table
        if self.redistribute:
            return made
        return {
            name: table.drop(columns=[column for column in table.columns if is_raw(name, column)])
            for name, table in made.items()
        }

    @property
    def last_choice(self) -> pd.DataFrame:
        """Rows of the last determination that chose members, of the table of decisions."""
        decisions = self.tables["decisions"]
        days = decisions.loc[decisions["cause"].isin(CHOOSING), "determination_date"]
        last: pd.DataFrame = decisions[decisions["determination_date"] == days.max()]
        return last

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What the index is and where it stands: texts, numbers, dates in ISO 8601, lists and dicts of these."""
        index, rules, manifest = self.index, self.index.methodology, self.index.market.manifest
        return {
            "name": rules.name,
            "description": rules.description,
            "follows": rules.source,
            "simulated": manifest.simulated,
            "snapshot": {"name": manifest.name, "fingerprint": manifest.fingerprint, "source": manifest.source},
            "licence": manifest.licence,
            "redistribute": manifest.redistribute,
            "base_date": _day(index.dates[0]),
            "base_value": rules.base_value,
            "as_of": _day(index.dates[-1]),
            "latest": {LEVEL: float(index.level.iloc[-1]), GROSS: float(index.gross_level.iloc[-1])},
            "investable": index.investable,
            "caveats": index.caveats,
            "risk_free": self.risk_free,
            "benchmarks": [
                {"name": name, "kind": self._kind(name), "column": self._columns[name]} for name in self.benchmarks
            ],
            "last_rebalance": self._rebalance(index.rebalances.index[-1]),
            "last_change": self._rebalance(
                index.rebalances.index[index.rebalances[["added", "removed"]].any(axis=1)][-1]
            ),
            "next": [
                {"determination_date": _day(row.determination_date), "effective_date": _day(row.effective_date)}
                | {"kind": str(row.kind)}
                for row in index.calendar().itertuples()
            ],
            "columns": {name: _described(name, table) for name, table in self.tables.items()},
        }

    def _kind(self, benchmark: str) -> str:
        """asset, rulebook, or variant: the index itself with other weights."""
        if benchmark in self.assets:
            return "asset"
        return "variant" if benchmark.startswith(SAME_RULES) else "rulebook"

    def _rebalance(self, day: pd.Timestamp) -> dict[str, Any]:
        """What was traded on an effective day; of two trades, the last one's cause and the turnover of both."""
        trades = self.index.rebalances.loc[[day]]
        moved = self.index.constituents.loc[lambda table: table["effective_date"] == day]
        return {
            "effective_date": _day(day),
            "cause": str(trades["cause"].iloc[-1]),
            "turnover": float(trades["turnover"].sum()),
            "in": moved.loc[moved["status"] == "added", "asset_id"].tolist(),
            "out": moved.loc[moved["status"] == "removed", "asset_id"].tolist(),
        }

    # ------------------------------------------------------------------ the tables that no other page has

    @property
    def _columns(self) -> dict[str, str]:
        """The column of each benchmark in the table of levels: its name, unless one of ours is called so."""
        return {name: f"{name} (benchmark)" if name in ("date", LEVEL, GROSS) else name for name in self.benchmarks}

    def _levels(self) -> pd.DataFrame:
        """date, level, gross_level, and each benchmark on the scale of the index: equal on the benchmark's first day.

        Single assets are left out where prices may not be passed on, for that is what they are but for a factor.
        """
        index = self.index
        own = pd.DataFrame({LEVEL: index.level, GROSS: index.gross_level})
        kept = [name for name in self.benchmarks if self.redistribute or name not in self.assets]
        others = rebased(self.levels)[kept].rename(columns=self._columns)
        return pd.concat([own, others], axis=1).rename_axis(index="date").reset_index()

    def _weights(self) -> pd.DataFrame:
        """date, asset_id, weight: after each effective day, and at the last close; above zero alone."""
        index = self.index
        days = index.rebalances.index.append(index.dates[-1:]).unique()
        wide = index.weights.loc[days].rename_axis(index="date", columns="asset_id")
        long = wide.reset_index().melt("date", var_name="asset_id", value_name="weight")
        return long[long["weight"] > 0.0].sort_values(
            ["date", "weight", "asset_id"], ascending=[True, False, True], ignore_index=True
        )

    def _metrics(self) -> pd.DataFrame:
        """`performance_summary` for each window; figures against a benchmark name it, others have an empty text."""
        end, blocks = self.index.dates[-1], []
        for window in WINDOWS:
            start = window_start(window, end)
            if start is not None and start < self.index.dates[0]:
                continue
            for benchmark, table in self._summaries(self.levels.loc[start:], whole=start is None):
                blocks.append(table.reset_index().assign(window=window, benchmark=benchmark))
        return pd.concat(blocks, ignore_index=True).reindex(columns=[*COLUMNS["metrics"]])

    def _summaries(self, levels: pd.DataFrame, *, whole: bool) -> list[tuple[str, pd.DataFrame]]:
        """Own figures, then those against each benchmark that shares two days at least with the index."""
        level, rate, draws = levels.iloc[:, 0], self.risk_free, self.draws
        tables = []
        with warnings.catch_warnings():
            # the page says how short a history is; how many returns there are stands in the table as `history`
            warnings.simplefilter("ignore", DataWarning)
            own = self.summary if whole else performance_summary(level, risk_free=rate, draws=draws)
            tables.append(("", own.drop(index=own.index.intersection(RELATIVE))))
            for name in self.benchmarks:
                if whole and name == self.benchmarks[0]:
                    tables.append((name, self.summary.loc[RELATIVE]))
                elif levels[name].count() > 1:
                    tables.append((name, relative_summary(level, levels[name], risk_free=rate, draws=draws)))
        return tables

    def _calendar(self) -> pd.DataFrame:
        """year, month (0 is the whole year), series, return, and active: less the first benchmark's."""
        tables = {}
        for name, column in self.levels.items():
            wide = calendar_table(returns_from_levels(column.dropna()))
            wide.columns = pd.Index([*range(1, 13), 0], name="month")
            long = wide.reset_index().melt("year", value_name="return").dropna().set_index(["year", "month"])
            tables["" if name == self.levels.columns[0] else str(name)] = long["return"].sort_index()
        frame = pd.concat(tables, names=["series"]).reset_index()
        first = tables[self.benchmarks[0]].rename("theirs")
        frame = frame.join(first, on=["year", "month"])
        frame["active"] = frame["return"] - frame["theirs"]
        ordered: pd.DataFrame = frame[[*COLUMNS["calendar"]]]
        return ordered


def _described(name: str, table: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Type, unit and meaning of each column."""
    about = {str(column): (type_of(table[column]), *described(name, str(column))) for column in table.columns}
    return {column: dict(zip(("type", "unit", "description"), words, strict=True)) for column, words in about.items()}


def _day(date: Any) -> str:
    return f"{pd.Timestamp(date):%Y-%m-%d}"
