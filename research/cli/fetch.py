"""`research data fetch coinmetrics | coingecko | exchange`."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from research.cli.terminal import at_least_one, say_lines, watched

if TYPE_CHECKING:
    from research.market.sources.calls import Source

EPILOG = (
    "A run that was stopped is carried on by giving the command again: what came on the same UTC day is not asked anew."
)


def add_fetch(actions: Any) -> None:
    """Add `fetch` to the actions of `research data`."""
    fetch = actions.add_parser("fetch", help="fetch a public market, and make a snapshot of it")
    sources = fetch.add_subparsers(required=True, metavar="SOURCE")
    metrics = sources.add_parser(
        "coinmetrics", help="Coin Metrics' community files, long histories; no key", epilog=EPILOG
    )
    which = metrics.add_mutually_exclusive_group(required=True)
    which.add_argument("--assets", nargs="+", metavar="NAME", help="files to fetch, by ticker in lower case: btc eth")
    which.add_argument("--all", action="store_true", help="every file that there is")
    metrics.add_argument("--since", type=_day, metavar="DAY", help="the first day wanted (default: all)")
    metrics.add_argument("--columns", nargs="+", metavar="METRIC", help="on-chain metrics to keep as further columns")
    gecko = sources.add_parser(
        "coingecko", help="the largest coins of today; COINGECKO_API_KEY may hold a key", epilog=EPILOG
    )
    who = gecko.add_mutually_exclusive_group()
    who.add_argument("--top", type=at_least_one, default=100, metavar="N", help="so many, by market cap (default: 100)")
    who.add_argument("--assets", nargs="+", metavar="ID", help="these, by CoinGecko's ids: bitcoin usd-coin")
    gecko.add_argument("--plan", choices=("demo", "pro"), default="demo", help="of the key: free (default) or paid")
    for command, standard in ((metrics, "60"), (gecko, "5; with a free key 30, with a paid one 250")):
        command.add_argument(
            "--calls-per-minute", type=at_least_one, metavar="N", help=f"pauses keep to it (default: {standard})"
        )
    exchange = sources.add_parser("exchange", help="daily candles of an exchange, through ccxt", epilog=EPILOG)
    exchange.add_argument("exchange", metavar="NAME", help="as ccxt calls it: binance, kraken, ...")
    exchange.add_argument("--assets", nargs="+", metavar="TICKER", help="BTC ETH (default: every spot pair)")
    exchange.add_argument("--quote", default="USDT", metavar="CURRENCY", help="of the pairs, a dollar (default: USDT)")
    exchange.add_argument("--since", type=_day, default=dt.date(2017, 1, 1), metavar="DAY", help="default: 2017-01-01")
    exchange.add_argument(
        "--caps", default="", metavar="SNAPSHOT", help="take market caps from this snapshot's supplies"
    )
    for command, source in ((metrics, _coinmetrics), (gecko, _coingecko), (exchange, _exchange)):
        command.add_argument("--name", help="of the snapshot and its downloads (default: the source's)")
        command.add_argument(
            "--out", type=Path, metavar="DIR", help="make the snapshot here (default: data/snapshots/NAME/DAY)"
        )
        command.add_argument("--replace", action="store_true", help="replace a snapshot that is at DIR")
        command.add_argument("--again", action="store_true", help="ask anew for what came today already")
        command.add_argument("--dry-run", action="store_true", help="say what would be fetched, and how long it takes")
        command.set_defaults(run=_fetch, source=source)


def _fetch(options: argparse.Namespace) -> int:
    from research.market.sources.fetch import fetch

    source: Source = options.source(options)
    if options.dry_run:
        say_lines(source.plan())
        return 0
    fetched = fetch(
        source, name=options.name, out=options.out, replace=options.replace, again=options.again, watch=watched
    )
    say_lines(fetched)
    return 0


def _coinmetrics(options: argparse.Namespace) -> Source:
    from research.market.sources.coinmetrics import ON_CHAIN, CoinMetrics

    columns = tuple(ON_CHAIN if options.columns is None else options.columns)
    rate = options.calls_per_minute or CoinMetrics.calls_per_minute
    return CoinMetrics(assets=tuple(options.assets or ()), since=options.since, columns=columns, calls_per_minute=rate)


def _coingecko(options: argparse.Namespace) -> Source:
    from research.market.sources.coingecko import CoinGecko

    return CoinGecko(
        top=options.top,
        assets=tuple(options.assets or ()),
        plan_of_key=options.plan,
        calls_per_minute=options.calls_per_minute,
    )


def _exchange(options: argparse.Namespace) -> Source:
    from research.market.sources.exchange import Exchange

    return Exchange(
        exchange=options.exchange,
        since=options.since,
        quote=options.quote,
        assets=tuple(options.assets or ()),
        caps=options.caps,
    )


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2018-01-31") from error
