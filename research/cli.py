"""The command line: `research report build`, `research data import | simulate | check`, `research signals build`.

Each command imports what it needs when it runs, so that help and usage errors come at once. Exit status: 0 done,
1 something to put right (one line on stderr says what), 2 wrong usage, 3 another build is running.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from research.errors import ResearchError, printable, system_fault


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give back the exit status."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that this terminal cannot show is no reason to stop
    signal.signal(signal.SIGTERM, _stop)
    try:
        return int(options.run(options))
    except ResearchError as error:
        return _fail(str(error), status=getattr(error, "exit_status", 1))
    except OSError as error:
        return _fail(system_fault(error), status=1)
    except KeyboardInterrupt:
        return _fail("stopped; what was published before stays.", status=130)


def _stop(number: int, _frame: Any) -> None:
    """A polite request to end (cron, CI, a closing terminal) lets workers and kernels end too."""
    raise SystemExit(128 + number)


def _fail(message: str, status: int) -> int:
    print(f"error: {printable(message)}", file=sys.stderr)
    return status


def _say(line: str) -> None:
    try:
        print(printable(line), flush=True)
    except BrokenPipeError:  # whoever listened is gone, which is no reason to stop
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="research", description="Build crypto indices, and publish reports on them.")
    rooms = parser.add_subparsers(required=True, metavar="COMMAND")

    reports = rooms.add_parser("report", help="build and publish reports").add_subparsers(
        required=True, metavar="ACTION"
    )
    build = reports.add_parser("build", help="build the reports that reports/reports.toml lists")
    build.add_argument("--only", nargs="+", default=[], metavar="NAME", help="build these reports alone")
    build.add_argument("--config", type=Path, default=Path("reports/reports.toml"), metavar="FILE")
    build.add_argument("--out", type=Path, metavar="DIR", help="publish here (default: the folder site beside FILE)")
    build.add_argument("--workers", type=_at_least_one, metavar="N", help="reports to build at a time")
    build.set_defaults(run=_report_build)

    data = rooms.add_parser("data", help="import, simulate or check market data").add_subparsers(
        required=True, metavar="ACTION"
    )
    table = data.add_parser("import", help="make a snapshot from a long CSV or Parquet table")
    table.add_argument("table", type=Path)
    table.add_argument("--profile", required=True, metavar="NAME|FILE", help="says which column is what")
    simulate = data.add_parser("simulate", help="make the simulated sample market")
    for command, run in ((table, _data_import), (simulate, _data_simulate)):
        command.add_argument("--out", type=Path, required=True, metavar="DIR", help="the snapshot to make")
        command.add_argument("--replace", action="store_true", help="replace a snapshot that is there")
        command.set_defaults(run=run)
    check = data.add_parser("check", help="verify a snapshot and say what is in it")
    check.add_argument("snapshot", type=Path)
    check.set_defaults(run=_data_check)

    signals = rooms.add_parser("signals", help="make signals by a recipe").add_subparsers(
        required=True, metavar="ACTION"
    )
    make = signals.add_parser("build", help="write the table of signals that a recipe makes on a snapshot")
    make.add_argument("recipe", metavar="NAME|FILE", help="a shipped recipe, or the path of a .toml file")
    make.add_argument("--snapshot", type=Path, default=Path("data/sample"), metavar="DIR", help="default: the sample")
    make.add_argument("--out", type=Path, required=True, metavar="FILE", help="a .csv or .parquet file to make")
    make.add_argument("--replace", action="store_true", help="replace a file that is there")
    make.set_defaults(run=_signals_build)
    return parser


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def _report_build(options: argparse.Namespace) -> int:
    from research.reporting.publishing.build import DEFAULT_WORKERS, build

    result = build(
        options.config,
        options.out or options.config.parent / "site",
        only=options.only,
        workers=options.workers or DEFAULT_WORKERS,
        say=_say,
    )
    for name, why in result.failures.items():
        _fail(f"{name}: {why}", status=1)
    _say(f"Index page: {result.index.resolve()}")
    return 1 if result.failures else 0


def _data_import(options: argparse.Namespace) -> int:
    from research.market import import_table

    _say(str(import_table(options.table, options.profile, options.out, replace=options.replace)))
    return 0


def _data_simulate(options: argparse.Namespace) -> int:
    from research.simulation import write_sample

    manifest = write_sample(options.out, replace=options.replace)
    _say(f"{options.out}: {manifest.name}, {manifest.rows:,} rows, fingerprint {manifest.fingerprint}")
    return 0


def _data_check(options: argparse.Namespace) -> int:
    from research.index import rulebooks_for
    from research.market import load_market

    market = load_market(options.snapshot)
    manifest, dates = market.manifest, market.dates
    _say(f"{options.snapshot}: {manifest.name}, from {manifest.source}")
    _say(f"{manifest.rows:,} rows, {len(market.assets):,} assets, {dates[0].date()} to {dates[-1].date()}")
    _say(f"{len(market.ledger):,} lines in the ledger; every file is as it was written")
    _say(f"fingerprint {manifest.fingerprint}")
    able = rulebooks_for(market)
    _say(f"{able['runs'].sum()} of {len(able)} shipped rulebooks can run on it:")
    for name, row in able.iterrows():
        _say(f"  {name}: {row['reason'] or row['since'].strftime('since %Y-%m-%d')}")
    return 0


def _signals_build(options: argparse.Namespace) -> int:
    from research.market import load_market
    from research.point_in_time.table_files import check_new_table, write_table
    from research.signals import Recipe, make_signals

    recipe = Recipe.load(options.recipe)
    check_new_table(options.out, replace=options.replace)
    made = make_signals(load_market(options.snapshot), recipe)
    write_table(made.table, options.out, replace=options.replace)
    _say(f"{options.out}: {made!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
