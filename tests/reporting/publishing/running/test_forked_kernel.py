"""A forked kernel does what one in a fresh interpreter does, and dies alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import cast

import psutil
import pytest

from research.reporting.publishing.build import build
from research.reporting.publishing.running.jobs import Job, can_fork
from research.reporting.publishing.running.workers import How, WarmWorkers, run_alone
from tests.reporting.publishing.conftest import Project, assert_consistent, built

pytestmark = pytest.mark.skipif(not can_fork(), reason="kernels are forked on Linux alone")
IMPORTS = "import os, sys, threading, multiprocessing, warnings\nimport numpy as np\nimport pandas as pd\n"
IMPORTS += "import matplotlib\nimport matplotlib.pyplot as plt"
SHOWN = (  # whatever a notebook could notice of its process
    "print(sys.path); print(os.getcwd()); print(__name__, sys.modules['__main__'].__name__)",
    "print(matplotlib.get_backend(), threading.active_count(), multiprocessing.parent_process())",
    "print(sorted(set(os.environ) - {'JPY_PARENT_PID'}), os.environ['MPLBACKEND'], os.environ['IPYTHONDIR'][-7:])",
    "print(os.getpgrp() == os.getpid() == os.getsid(0), sys.stdin.closed, os.isatty(1))",
    "import gc; print(gc.isenabled(), [name for name, module in sys.modules.items() if module is None])",
    "pd.DataFrame({'a': np.random.default_rng(1).normal(size=3)})",
    "fig, ax = plt.subplots(); ax.plot([1, 2, 3]); plt.show()",
    "warnings.warn('careful'); print('on stderr', file=sys.stderr); os.system('echo from a child')",
    "with multiprocessing.get_context('spawn').Pool(1) as pool: print(pool.map(abs, [-1]))",
    "%time pass\n%matplotlib inline\nplt.plot([3, 2]); plt.title('again');",
)


def executed(project: Project, *, forked: bool, warm: bool) -> list[object]:
    """Outputs of the notebook, times and addresses apart."""
    notebook = project.root / "notebooks" / "walk.ipynb"
    scratch = project.root / "scratch"
    scratch.mkdir(exist_ok=True)
    job = Job(
        notebook=notebook, given={}, parameters={}, title="T", built_at="", commit="", versions={}, forked=forked,
        scratch=scratch, name="one",
    )  # fmt: skip
    said: list[str] = []
    run = WarmWorkers([IMPORTS], scratch, said.append) if warm else run_alone
    try:
        outcome = run(job)
    finally:
        if isinstance(run, WarmWorkers):
            run.stop()
    assert outcome.error is None, outcome.error
    assert outcome.notes == ()
    assert all(line.startswith("libraries imported once") for line in said)
    cells = json.loads(outcome.executed or "")["cells"]
    return [_masked(cell.get("outputs")) for cell in cells]


def _masked(outputs: list[dict[str, object]] | None) -> object:
    kept: list[dict[str, object]] = []
    for output in outputs or []:
        told = {key: value for key, value in output.items() if key != "execution_count"}
        if "text" in told:  # a kernel sends a text in as many pieces as it has time for
            told["text"] = "".join(cast("list[str]", told["text"]))
            if kept and kept[-1].get("name") == told["name"]:
                told["text"] = f"{kept.pop()['text']}{told['text']}"
        kept.append(told)
    text = re.sub(r"ipykernel_\d+/\d+", "KERNEL", json.dumps(kept, sort_keys=True))
    return re.sub(r"(CPU times|Wall time): .*?\\n", "TIME", text)


def test_what_a_notebook_shows_does_not_depend_on_where_its_kernel_comes_from(project: Project) -> None:
    project.notebook("walk", IMPORTS, *SHOWN)
    fresh = executed(project, forked=False, warm=False)
    assert "True []" in str(fresh[7])
    assert "image/png" in str(fresh[9])
    assert "image/png" in str(fresh[12])
    assert executed(project, forked=True, warm=True) == fresh
    assert executed(project, forked=True, warm=False) == fresh


def test_two_forks_draw_different_random_numbers(project: Project) -> None:
    draw = "import random\nimport numpy as np\nfrom pathlib import Path\n"
    draw += f"(Path({str(project.root)!r}) / town).write_text(f'{{random.random()}} {{np.random.random()}}')"
    project.notebook("walk", draw)
    project.reports(one__walk='{ town = "a" }', two__walk='{ town = "b" }')
    assert built(project).failures == {}
    (a, b), (c, d) = ((project.root / name).read_text().split() for name in "ab")
    assert a != c
    assert b != d


def test_a_kernel_that_kills_its_own_process_group_takes_no_neighbour_with_it(project: Project) -> None:
    project.notebook("killer", "import os, signal; os.killpg(os.getpgrp(), signal.SIGKILL)")
    project.notebook("walk", "days")
    project.reports(killer="", one__walk="", two__walk="")
    failures = built(project).failures
    assert list(failures) == ["killer"]
    assert "the kernel died" in failures["killer"]
    assert_consistent(project.site, "one", "two")


def test_a_kernel_that_dies_while_it_starts_gets_a_successor_and_that_is_said(project: Project) -> None:
    notebook = project.notebook("walk", "print('walked')")
    code = f"""
from pathlib import Path
from research.reporting.publishing.running.execution import run_job
from research.reporting.publishing.running.forked_kernel import WaitingKernel
from research.reporting.publishing.running.jobs import Job

class Doomed(WaitingKernel):
    def start(self, *told):
        self.kill()

job = Job(
    name="walk", notebook=Path({str(notebook)!r}), given={{}}, parameters={{}}, title="T", built_at="", commit="",
    versions={{}}, forked=True,
)
outcome = run_job(job, Doomed())
print(outcome.error, outcome.notes, "walked" in outcome.html)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    note = "its kernel died while it started; a second one was started as a fresh interpreter."
    assert done.stdout == f"None {(note,)!r} True\n"


def test_when_the_warm_process_dies_the_rest_gets_fresh_interpreters_and_that_is_said(project: Project) -> None:
    killer = "import os, psutil, signal; os.kill(psutil.Process(os.getppid()).ppid(), signal.SIGKILL)"
    project.notebook("killer", killer + "; import time; time.sleep(30)")
    project.notebook("walk", "days")
    project.reports(killer="", walk="")
    said: list[str] = []
    result = build(project.config, say=said.append, how=How(jobs=1))
    assert list(result.failures) == ["killer"]
    assert_consistent(project.site, "walk")
    assert sum("the warm process is gone" in line for line in said) == 1


def test_a_library_that_starts_threads_keeps_kernels_from_being_forked_and_that_is_said(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = project.root / "lib"
    library.mkdir()
    (library / "busy_library.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(library), prepend=":")
    project.notebook("walk", "import busy_library")
    project.reports(walk="")
    said: list[str] = []
    assert build(project.config, say=said.append).failures == {}
    assert sum("starts threads" in line for line in said) == 1


def test_the_warm_process_ends_with_whoever_holds_the_other_end(tmp_path: Path) -> None:
    workers = WarmWorkers(["import json", "import no_such_module"], tmp_path, lambda line: None)
    process = psutil.Process(workers._process.pid)
    workers._requests.close()  # what the system does for a process that was killed
    assert process.wait(timeout=60) == 0


def test_an_import_that_fails_ahead_is_said_and_left_to_the_notebook(project: Project) -> None:
    project.notebook("walk", "try:\n    import no_such_module\nexcept ImportError:\n    pass", "import nor_this_one")
    project.reports(walk="")
    said: list[str] = []
    result = build(project.config, say=said.append)
    assert "ModuleNotFoundError" in result.failures["walk"]
    assert [line[21:] for line in said if "ahead" in line] == ["could not be imported ahead: import nor_this_one"]
