"""`index.plot()`: what is drawn, and who waits for matplotlib."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from research import build_index
from tests.conftest import ROOT
from tests.index.markets import random_market, rules


def test_the_level_stands_above_its_drawdown() -> None:
    index = build_index(random_market(5), rules(name="$a_1$ and $b$"))
    figure = index.plot()
    above, below = figure.axes
    np.testing.assert_array_equal(above.lines[0].get_ydata(), index.level)
    deepest = (index.level / index.level.cummax() - 1).min()
    assert np.nanmin(below.lines[0].get_ydata()) == pytest.approx(100 * deepest)
    assert above.get_position().y0 > below.get_position().y1
    assert above.get_yscale() == "log"
    assert above.get_title(loc="left") == "$a_1$ and $b$"
    figure.canvas.draw()
    assert index.plot(log=False).axes[0].get_yscale() == "linear"


def test_a_plot_leaves_no_figure_open() -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    build_index(random_market(5), rules()).plot()
    assert plt.get_fignums() == before


def test_only_who_draws_waits_for_matplotlib() -> None:
    code = (
        "import sys; from tests.index.markets import random_market, rules; from research import build_index\n"
        "index = build_index(random_market(5), rules()); index._repr_html_(); before = 'matplotlib' in sys.modules\n"
        "index.plot(); print(before, 'matplotlib' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.strip() == "False True"
