"""`research data check`: is the snapshot whole, what is in it, what is doubtful, and what that does to an index."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from research.cli.terminal import say

if TYPE_CHECKING:
    from research.index.whole_market.data_review import DataReview
    from research.market import MarketData


def add_check(actions: Any) -> None:
    """Add `research data check` to the actions of the room."""
    check = actions.add_parser("check", help="verify a snapshot, and say what is doubtful in it and what that does")
    check.add_argument("snapshot", metavar="SNAPSHOT", help="NAME, NAME@DATE or a path")
    check.add_argument("--out", type=Path, metavar="FILE", help="write every finding to a new .csv or .parquet file")
    check.add_argument("--replace", action="store_true", help="replace a file that is there")
    check.add_argument("--rulebooks", action="store_true", help="also say which shipped rulebooks can run on it")
    check.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    from research.index.whole_market.data_review import review_data
    from research.market import load_market
    from research.point_in_time.table_files import check_new_table, write_table

    if options.out is not None:
        check_new_table(options.out, replace=options.replace)
    market = load_market(options.snapshot)
    _say_what_it_is(market, options.snapshot)
    review = review_data(market)
    _say_findings(review)
    if options.out is not None:
        write_table(review.findings, options.out, replace=options.replace)
        say(f"all {len(review.findings):,} findings, ranked: {options.out}")
    elif len(review.findings):
        say("every finding, ranked: --out findings.csv; what a rule says and cannot see: data/README.md")
    if options.rulebooks:
        _say_rulebooks(market)
    return 0


def _say_what_it_is(market: MarketData, snapshot: str) -> None:
    from research.market.ledger import ledger_counts

    manifest, dates = market.manifest, market.dates
    say(f"{snapshot}: {manifest.name}, from {manifest.source}")
    say(f"{manifest.rows:,} rows, {len(market.assets):,} assets, {dates[0].date()} to {dates[-1].date()}")
    say("every file is as it was written")
    say(f"fingerprint {manifest.fingerprint}")
    say(f"{len(market.ledger):,} lines in the ledger of its import:")
    for line in ledger_counts(market.ledger).to_dict("records"):
        say(f"  {line['rows']:>7,} x {line['rule']} ({line['field']}, {_assets(line['assets'])})")


def _say_findings(review: DataReview) -> None:
    """Counts by rule, then what did most to the two indices."""
    from research.market.quality.dating import bitcoin_of

    say(f"{len(review.findings):,} findings:")
    for line in review.counts.to_dict("records"):
        say(f"  {line['findings']:>7,} x {line['rule']} ({line['field']}, {_assets(line['assets'])})")
    if bitcoin_of(review.market.assets) is None:
        say("dating was not checked: no asset is bitcoin (by the asset_id bitcoin, else by the symbol BTC)")
    for name, index in review.indices.items():
        if isinstance(index, str):
            say(f"no {name.replace('_', ' ')} can be built on it: {index}")
    for heading, sentences in (
        ("the dates themselves are doubtful:", review.misdated()),
        (f"what did most to {_yardsticks(review.market)}:", review.sentences()),
        ("the largest doubtful caps that the screen on turnover kept out of both:", review.kept_out()),
    ):
        if sentences:
            say(heading)
        for number, sentence in enumerate(sentences, start=1):
            say(f"  {number}. {sentence}")


def _yardsticks(market: MarketData) -> str:
    """The two indices in words: how their members are chosen and weighted."""
    if market.market_caps.notna().any(axis=None):
        return "an index of the twenty largest, and to one of all, by market cap, monthly"
    return "an index of the twenty most traded, and to one of all, in equal parts (there are no market caps), monthly"


def _say_rulebooks(market: MarketData) -> None:
    from research.index import rulebooks_for

    able = rulebooks_for(market)
    say(f"{able['runs'].sum()} of {len(able)} shipped rulebooks can run on it:")
    for name, row in able.iterrows():
        say(f"  {name}: {row['reason'] or row['since'].strftime('since %Y-%m-%d')}")


def _assets(number: int) -> str:
    return "1 asset" if number == 1 else f"{number:,} assets"
