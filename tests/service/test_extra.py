"""The service is an extra: without it everything else works, and `research serve` says what to install."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
import tomllib

import pytest

from research.cli import _parser
from research.cli.serve import EXTRA
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BLOCKED = f"import sys; sys.modules |= dict.fromkeys({(*EXTRA, 'starlette', 'pydantic')!r}); "


@pytest.fixture(autouse=True)
def extra() -> None:
    """These run without the extra too."""


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Code in an interpreter in which no package of the extra can be imported."""
    return subprocess.run([sys.executable, "-c", BLOCKED + code], capture_output=True, text=True, check=False, cwd=ROOT)


def test_without_the_extra_serve_says_what_to_install_in_one_line() -> None:
    blind = "import importlib.util as util, builtins; util.find_spec = lambda name: None; "
    done = run(blind + "from research.cli import main; sys.exit(main(['serve']))")
    assert done.returncode == 1
    assert done.stderr.startswith("error: `research serve` needs fastapi, ")
    assert 'pip install -e ".[serve]"' in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_the_extra_the_rest_is_imported_and_the_command_line_answers() -> None:
    rest = "import research, research.reporting.publishing.build, research.reporting.publishing.site.reading; "
    done = run(rest + "from research.cli import main; sys.exit(main(['report', 'list']))")
    assert done.returncode == 0, done.stderr


def test_the_extra_is_part_of_dev_so_that_these_tests_run_in_ci() -> None:
    extras = PROJECT["optional-dependencies"]
    assert set(extras["serve"]) <= set(extras["dev"])


def test_the_package_stays_small() -> None:
    """Lines of code: neither blank nor of a comment or a docstring."""
    code = 0
    for path in (ROOT / "research" / "service").glob("*.py"):
        text = path.read_text()
        words = set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                if ast.get_docstring(node) is not None:
                    words |= set(range(first.lineno, (first.end_lineno or 0) + 1))
        lines = enumerate(text.splitlines(), start=1)
        code += sum(1 for number, line in lines if line.strip()[:1] not in ("", "#") and number not in words)
    assert code <= 438


def test_the_unit_and_the_image_start_the_service_with_options_that_it_has() -> None:
    folder = ROOT / "research" / "service"
    [command] = re.findall(
        r"^ExecStart=\S*research (.*)$", (folder / "research-serve.service").read_text(), re.MULTILINE
    )
    [entry] = re.findall(r"^ENTRYPOINT (.*)$", (folder / "Dockerfile").read_text(), re.MULTILINE)
    for words in (shlex.split(command), json.loads(entry)[1:]):
        assert words[0] == "serve"
        _parser().parse_args(words)
