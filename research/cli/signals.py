"""`research signals build`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from research.cli.terminal import say


def add_commands(rooms: Any) -> None:
    """Add `research signals ...` to the parser's sub-commands."""
    actions = rooms.add_parser("signals", help="make signals by a recipe").add_subparsers(
        required=True, metavar="ACTION"
    )
    make = actions.add_parser("build", help="write the table of signals that a recipe makes on a snapshot")
    make.add_argument("recipe", metavar="NAME|FILE", help="a shipped recipe, or the path of a .toml file")
    make.add_argument("--snapshot", default="data/sample", help="NAME, NAME@DATE or a path; default: the sample")
    make.add_argument("--out", type=Path, required=True, metavar="FILE", help="a .csv or .parquet file to make")
    make.add_argument("--replace", action="store_true", help="replace a file that is there")
    make.set_defaults(run=_build)


def _build(options: argparse.Namespace) -> int:
    from research.market import load_market
    from research.point_in_time.table_files import check_new_table, write_table
    from research.signals import Recipe, make_signals

    recipe = Recipe.load(options.recipe)
    check_new_table(options.out, replace=options.replace)
    made = make_signals(load_market(options.snapshot), recipe)
    write_table(made.table, options.out, replace=options.replace)
    say(f"{options.out}: {made!r}")
    return 0
