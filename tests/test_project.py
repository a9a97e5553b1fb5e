"""The project as a whole: dependencies declared once, the import contract, and what no file may hold."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.conftest import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
DECLARED = [Requirement(line) for line in PROJECT["dependencies"]] + [
    Requirement(line) for group in PROJECT["optional-dependencies"].values() for line in group
]
USERS_PACKAGES = {"jupyterlab", "pandas", "numpy", "matplotlib", "seaborn", "statsmodels", "papermill", "nbval"}


def locked() -> list[Requirement]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("requirement", DECLARED, ids=str)
def test_every_declared_dependency_is_locked_at_an_allowed_version(requirement: Requirement) -> None:
    pins = [pin for pin in locked() if pin.name == requirement.name]
    assert pins, f"requirements.lock lacks {requirement.name}: run make lock"
    for pin in pins:
        version = str(pin.specifier).removeprefix("==")
        assert requirement.specifier.contains(version), f"{pin} is not {requirement}: run make lock"


def test_the_lock_pins_exactly_and_names_no_source() -> None:
    for pin in locked():
        assert re.fullmatch(r"==[\w.!+-]+", str(pin.specifier)), pin
        assert pin.url is None


def test_environment_yml_installs_what_pyproject_declares_at_the_locked_versions() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["name"] == PROJECT["name"]
    plain = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert pip == ["-c requirements.lock", "-e .[dev]"]  # nothing is declared a second time
    (python,) = [entry for entry in plain if entry.startswith("python=")]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("python="))
    assert set(plain) - {python} == {"pip", "make"}


def test_the_packages_the_user_named_are_declared() -> None:
    assert {requirement.name for requirement in DECLARED} >= USERS_PACKAGES


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """What `make check` asks of the imports, of the project in `folder`."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_run_one_way() -> None:
    run = lint_imports(ROOT)
    assert run.returncode == 0, run.stdout


@pytest.fixture
def copy_of_the_project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "research", tmp_path / "research", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def plant_import(project: Path, importer: str, imported: str) -> None:
    module, target = (
        project.joinpath("research", *name.split(".")).with_suffix(".py") for name in (importer, imported)
    )
    assert target.is_file()
    module.write_text(f"{module.read_text()}\nimport research.{imported}\n")


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("evaluation.metrics", "market.data"),
        ("point_in_time.view", "index.build"),
        ("market.snapshots.load", "market.imports.importer"),
        ("market.imports.reading.files", "market.imports.cleaning.checks"),
        ("index.weighting.bounds", "index.decisions.selection"),
        ("index.decisions.calendar", "index.trading.costs"),
        ("index.trading.holdings", "index.analysis.record"),
        ("index.analysis.why.reasons", "index.history"),
        ("index.analysis.trade_costs.orders", "index.analysis.cautions.caveats"),
        ("reporting.factsheet.texts", "cli.data"),
        ("reporting.publishing.build", "service.app"),
    ],
)
def test_a_planted_import_against_the_direction_is_refused_by_name(
    copy_of_the_project: Path, importer: str, imported: str
) -> None:
    plant_import(copy_of_the_project, importer, imported)
    run = lint_imports(copy_of_the_project)
    assert run.returncode != 0
    assert f"research.{importer} -> research.{imported}" in run.stdout


def test_a_planted_circle_between_two_modules_of_one_folder_is_refused_by_name(copy_of_the_project: Path) -> None:
    plant_import(copy_of_the_project, "point_in_time.pegged_and_wrapped", "point_in_time.screens")  # imports it
    run = lint_imports(copy_of_the_project)
    assert run.returncode != 0
    assert "No cycles are allowed in research.point_in_time." in run.stdout
    assert ".screens -> .pegged_and_wrapped" in run.stdout or ".pegged_and_wrapped -> .screens" in run.stdout


def test_a_module_of_index_without_a_place_in_the_layers_is_refused(copy_of_the_project: Path) -> None:
    (copy_of_the_project / "research/index/odds.py").write_text('"""Odds."""\n')
    run = lint_imports(copy_of_the_project)
    assert run.returncode != 0
    assert "odds" in run.stdout


MAY_IMPORT_LATE = {
    "research/cli/": "help and usage errors come at once",
    "research/reporting/presentation/display.py": "a notebook that draws nothing does not wait for matplotlib",
}


def test_no_import_of_the_project_hides_in_a_function() -> None:
    """An import inside a function can hide a circle, or an arrow against the layers, from a reader."""
    late = set()
    for path in (ROOT / "research").rglob("*.py"):
        for definition in ast.walk(ast.parse(path.read_text())):
            if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                for node in ast.walk(definition):
                    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                    if isinstance(node, ast.ImportFrom):
                        names = ["research" if node.level else str(node.module)]
                    if any(name.split(".")[0] == "research" for name in names):
                        late.add(re.sub(r"^research/cli/.*", "research/cli/", path.relative_to(ROOT).as_posix()))
    assert late == set(MAY_IMPORT_LATE)


@pytest.mark.parametrize(
    ("names", "home"),
    [
        # `index.plot()` is a look at one index in a notebook, and no figure of a page
        (
            "papermill|matplotlib|seaborn|nbconvert|nbformat",
            ("research/reporting/", "research/index/analysis/forms/plot.py"),
        ),
        (r"requests|httpx|urllib3|urllib\.request|http|aiohttp|ccxt", "research/market/sources/"),
        ("fastapi|starlette|pydantic|limits|cachetools|prometheus_client", "research/service/"),  # an extra
        ("socket", "research/reporting/publishing/running/"),  # pairs between a build and its own processes
    ],
)
def test_only_reporting_draws_and_runs_notebooks_and_only_sources_open_a_connection(
    names: str, home: str | tuple[str, ...]
) -> None:
    pattern = re.compile(rf"^\s*(?:from|import) (?:{names})\b", re.MULTILINE)
    importing = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "research").rglob("*.py")
        if pattern.search(path.read_text())
    }
    assert {name for name in importing if not name.startswith(home)} == set()
    assert importing  # the pattern finds what it looks for


def test_modules_stay_small() -> None:
    long = {
        path.name: lines
        for path in (ROOT / "research").rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 320
    }
    assert not long


def test_no_file_names_a_package_registry_or_a_path_of_one_machine() -> None:
    # put together here, so that this file does not hold what it looks for
    hosts = [
        ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("anaconda", "org"))
    ]
    paths = [str(ROOT), f"{Path.home()}/"]
    for path in tracked_files():
        content = path.read_bytes()
        is_test = path.is_relative_to(ROOT / "tests")  # tests look for such paths themselves
        for needle in hosts + ([] if is_test else paths):
            assert needle.encode() not in content, f"{path.relative_to(ROOT)} holds {needle}"


def test_building_and_evaluating_an_index_waits_for_no_slow_import() -> None:
    """Each of these takes as long to import as pandas, and every kernel of every report would pay for it."""
    slow = ("arch", "matplotlib", "scipy.stats", "scipy.optimize", "seaborn", "sklearn", "statsmodels")
    code = "import sys; from research import build_index, performance_summary"
    code += f"; print([name for name in {slow} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.strip() == "[]"
