"""What a notebook's imports cost, against those of pandas: processes in turns, the fastest of each."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

TURNS = 7


def run() -> list[dict[str, Any]]:
    """Rows of the benchmark table."""
    programs = {"ours": "from research import build_index, performance_summary", "pandas": "import pandas"}
    fastest = dict.fromkeys(programs, float("inf"))
    for _ in range(TURNS):
        for name, program in programs.items():
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            fastest[name] = min(fastest[name], time.perf_counter() - begin)
    ours, pandas = fastest["ours"], fastest["pandas"]
    name, note = "imports of a notebook", f"{ours / pandas:.1f} times import pandas, interpreter included"
    return [{"name": name, "ours_seconds": ours, "peer_seconds": pandas, "ratio": pandas / ours, "note": note}]
