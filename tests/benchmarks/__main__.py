"""Run every benchmark module of this folder, or those named on the command line, and print one table.

`ratio` is the peer's seconds over ours: above 1 we are faster.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import pandas as pd

import tests.benchmarks


def main(names: list[str]) -> None:
    modules = names or [
        module.name for module in pkgutil.iter_modules(tests.benchmarks.__path__) if module.name[0] != "_"
    ]
    rows = []
    for name in modules:
        print(f"running {name} ...", file=sys.stderr, flush=True)
        rows += [{"module": name} | row for row in importlib.import_module(f"tests.benchmarks.{name}").run()]
    with pd.option_context("display.width", 200, "display.max_colwidth", 90):
        print(pd.DataFrame(rows).to_string(index=False, float_format=lambda value: f"{value:.3g}"))


if __name__ == "__main__":
    main(sys.argv[1:])
