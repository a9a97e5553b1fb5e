"""`research report build | list | check | open | diff`."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path
from typing import Any

from research.cli.terminal import at_least_one, fail, say
from research.errors import printable


def add_commands(rooms: Any) -> None:
    """Add `research report ...` to the parser's sub-commands."""
    actions = rooms.add_parser("report", help="build and publish reports").add_subparsers(
        required=True, metavar="ACTION"
    )
    build = actions.add_parser("build", help="build those reports of the list that have changed")
    build.add_argument("--only", nargs="+", default=[], metavar="NAME", help="build these reports alone")
    build.add_argument("--force", action="store_true", help="build also what has not changed")
    build.add_argument("--jobs", type=at_least_one, metavar="N", help="reports to build at a time (default: 2)")
    build.add_argument("--dask", metavar="ADDRESS", help="build on the cluster of this scheduler, tcp://HOST:PORT")
    build.add_argument("--kernels", choices=["forked", "fresh"], default="forked", help="forked ones start sooner")
    build.add_argument("--quiet", action="store_true", help="progress in work/build.log alone")
    build.add_argument("--summary", choices=["json", "markdown"], help="print what changed, for mail or chat")
    build.add_argument("--summary-to", type=Path, metavar="FILE", help="write it there instead")
    build.set_defaults(run=_build)
    listing = actions.add_parser("list", help="the reports, their state, and what a build would do")
    listing.set_defaults(run=_list)
    check = actions.add_parser("check", help="look through list, data and published pages without building")
    check.set_defaults(run=_check)
    opening = actions.add_parser("open", help="print the path of a page, and open it where there is a browser")
    opening.add_argument("name", nargs="?", default="index", metavar="NAME", help="default: the index page")
    opening.add_argument("--edition", metavar="DATE", help="as published then")
    opening.set_defaults(run=_open)
    diff = actions.add_parser("diff", help="figures that differ between two editions or sites, and why")
    diff.add_argument("before", metavar="A", help="an edition (2026-11-26), or the folder of a site")
    diff.add_argument("after", metavar="B", nargs="?", help="default: the present pages")
    diff.add_argument("--all", action="store_true", help="every figure, not the first 20 of each report")
    diff.set_defaults(run=_diff)
    for action in (build, listing, check, opening, diff):
        action.add_argument("--config", type=Path, default=Path("reports/reports.toml"), metavar="FILE")
        action.add_argument("--out", type=Path, metavar="DIR", help="the published folder (default: site beside FILE)")
        action.add_argument("--snapshot", metavar="SNAPSHOT", help="on this market, in markets/NAME/site beside FILE")
        action.add_argument("--as-of", type=_day, metavar="DATE", help="as of this day, in as-of/DATE/site")


def _day(text: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date, as 2024-06-30") from error


def _elsewhere(options: argparse.Namespace) -> Any:
    from research.reporting.publishing.plan import Elsewhere

    return Elsewhere.of(options.snapshot, options.as_of)


def _site(options: argparse.Namespace) -> Path:
    return Path(options.out or _elsewhere(options).site(options.config))


def _build(options: argparse.Namespace) -> int:
    from research.reporting.publishing.build import build
    from research.reporting.publishing.running.cluster import cluster
    from research.reporting.publishing.running.workers import DEFAULT_JOBS, How

    on_stdout = options.summary and not options.summary_to
    aside = _say_nothing if options.quiet else _say_aside if on_stdout else say
    forked, elsewhere = options.kernels == "forked", _elsewhere(options)
    with cluster(options.dask) as (executor, threads):
        result = build(
            options.config,
            options.out,
            only=options.only,
            elsewhere=elsewhere,
            force=options.force,
            how=How(jobs=options.jobs or threads or DEFAULT_JOBS, forked=forked, executor=executor),
            say=aside,
        )
    for name, why in result.failures.items():
        fail(f"{name}: {why}", status=1)
    if options.summary or options.summary_to:
        _summarise(options, result)
    aside(f"Index page: {result.index.resolve()}")
    return 1 if result.failures or result.nothing_possible else 0


def _say_nothing(_line: str) -> None:
    pass


def _say_aside(line: str) -> None:
    print(printable(line), file=sys.stderr, flush=True)


def _summarise(options: argparse.Namespace, result: Any) -> None:
    from research.reporting.publishing.config import load_list
    from research.reporting.publishing.placing import publish
    from research.reporting.publishing.summary import as_text, summary

    stale = load_list(options.config).stale_after_days
    content = summary(result, stale_after_days=stale, today=dt.datetime.now(dt.UTC).date())
    text = as_text(content, options.summary or "markdown")
    if options.summary_to:
        publish(text, options.summary_to)
    else:
        print(text, end="", flush=True)


def _list(options: argparse.Namespace) -> int:
    from research.reporting.publishing.listing import as_lines, listing

    for line in as_lines(listing(options.config, options.out, _elsewhere(options), dt.datetime.now(dt.UTC))):
        say(line)
    return 0


def _check(options: argparse.Namespace) -> int:
    from research.reporting.publishing.checking import problems

    found = problems(options.config, options.out, _elsewhere(options), say)
    for line in found:
        fail(line, status=1)
    if not found:
        say("nothing is wrong")
    return 1 if found else 0


def _open(options: argparse.Namespace) -> int:
    import webbrowser

    from research.errors import ReportError, suggest
    from research.reporting.publishing.site.editions import find_edition

    site = _site(options)
    folder = find_edition(site, options.edition) if options.edition else site
    page = folder / f"{options.name}.html"
    if not page.is_file():
        known = [path.stem for path in folder.glob("*.html")]
        hint = suggest(options.name, known) if known else "nothing is published there. Run `research report build`."
        raise ReportError(f"{folder} has no page {options.name}: {hint}")
    say(str(page.resolve()))
    if sys.stdout.isatty():
        webbrowser.open(page.resolve().as_uri())
    return 0


def _diff(options: argparse.Namespace) -> int:
    from research.reporting.publishing.site.difference import compare
    from research.reporting.publishing.site.editions import find_edition

    site = _site(options)

    def folder(given: str | None) -> Path:
        if given is None:
            return site
        return Path(given) if Path(given).is_dir() else find_edition(site, given)

    found = compare(folder(options.before), folder(options.after))
    for difference in found:
        for line in difference.lines(None if options.all else 20):
            say(line)
    return 0
