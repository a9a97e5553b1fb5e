"""The project as a whole: dependencies declared once, the import contract, and what no file may hold."""

from __future__ import annotations

import re
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


def test_imports_run_one_way() -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


def test_only_reporting_imports_papermill_and_matplotlib_and_only_sources_an_http_client() -> None:
    allowed = {
        r"papermill|matplotlib|seaborn|nbconvert|nbformat": "research/reporting/",
        r"requests|httpx|urllib\.request|aiohttp": "research/market/sources.py",
    }
    for names, home in allowed.items():
        pattern = re.compile(rf"^\s*(?:from|import) (?:{names})\b", re.MULTILINE)
        for path in (ROOT / "research").rglob("*.py"):
            if not path.relative_to(ROOT).as_posix().startswith(home):
                assert not pattern.search(path.read_text()), f"{path} imports one of {names}"


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
