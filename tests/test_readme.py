"""README's code runs as printed, the folders of both pages are today's, and what pages and docstrings name is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import ROOT

PAGES = {name: (ROOT / name).read_text() for name in ("README.md", "CONTRIBUTING.md")}
# Made by the commands; not in a fresh checkout.
MADE = ("data/snapshots", "data/downloads", "reports/site", "reports/work", ".venv")
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
HERE = Path(__file__)
SUFFIXES = (".py", ".toml", ".md", ".yml", ".lock")


def test_the_code_of_the_readme_runs_on_the_sample_and_every_line_has_something_to_show(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    block = "\n".join(CODE.findall(PAGES["README.md"]))
    names: dict[str, object] = {}
    shown = 0
    for statement in ast.parse(block).body:
        line = ast.unparse(statement)
        if isinstance(statement, ast.Expr):
            value = eval(line, names)
            assert value is not None, line
            if isinstance(value, pd.Series | pd.DataFrame):
                assert len(value) > 0, line
                shown += 1
        else:
            exec(line, names)
    assert shown >= 5


def folders(page: str) -> set[str]:
    """The folders of `research` that a table of the page has a line for."""
    lines = [line for line in PAGES[page].splitlines() if line.startswith("| `research/")]
    return {match[1] for line in lines for match in re.finditer(r"`research/(\w+)", line.split("|")[1])}


def packages() -> set[str]:
    return {path.parent.name for path in (ROOT / "research").glob("*/__init__.py")}


def test_the_table_of_the_readme_has_every_folder_of_the_package_and_no_other() -> None:
    assert folders("README.md") == packages() | {"rulebooks"}


def test_the_table_of_contributing_has_every_folder_and_module_of_the_package() -> None:
    modules = {path.stem for path in (ROOT / "research").glob("*.py")} - {"__init__"}
    assert folders("CONTRIBUTING.md") == packages() | modules


def test_the_table_of_contributing_has_every_folder_and_module_of_the_index() -> None:
    parts = {path.stem for path in (ROOT / "research/index").iterdir()} - {"__init__", "__pycache__"}
    listed = {match[1] for name in named("CONTRIBUTING.md") if (match := re.match(r"research/index/(\w+)", name))}
    assert listed == parts


def named(page: str) -> list[str]:
    """What the page names in backticks, `{a,b}.py` written out; what is said to be new is not there yet."""
    text = CODE.sub("", (ROOT / page).read_text())
    names = re.findall(r"`([^`\n]+)`(?! \(new\))", text)
    braces = [re.fullmatch(r"(.*)\{(.*)\}(.*)", name) for name in names]
    return [
        f"{brace[1]}{part}{brace[3]}" if brace else name
        for name, brace in zip(names, braces, strict=True)
        for part in (brace[2].split(",") if brace else [""])
    ]


def markdown() -> list[str]:
    """Every page of the project, except the one that names what was."""
    pages = [path.relative_to(ROOT) for path in ROOT.rglob("*.md")]
    hidden = [page for page in pages if any(part.startswith(".") for part in page.parts)]
    made = [page for page in pages if page.as_posix().startswith(MADE)]
    return sorted(str(page) for page in {*pages} - {*hidden, *made} if page.name != "CHANGELOG.md")


def paths_of(page: str) -> list[str]:
    paths = [name for name in named(page) if re.fullmatch(r"[\w.*-][\w./*-]*", name)]  # no address of the service
    return [name.rstrip("/") for name in paths if "/" in name or name.endswith(SUFFIXES)]


@pytest.mark.parametrize("page", markdown())
def test_every_file_and_folder_that_is_named_is_there(page: str) -> None:
    folder = Path(page).parent
    gone = [
        name
        for name in paths_of(page)
        if not is_there(name)
        and not any((ROOT / folder).glob(name))
        and not any(place.startswith(MADE) for place in (name, (folder / name).as_posix()))
    ]
    assert gone == []


def test_the_pages_name_files_and_folders() -> None:
    found = {page: len(paths_of(page)) for page in markdown()}
    assert min(found["README.md"], found["CONTRIBUTING.md"]) > 10
    assert found["research/rulebooks/README.md"] > 8


def test_the_readme_lists_every_target_of_make_and_no_other() -> None:
    targets = set(re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    [others] = re.findall(r"lists the other targets: ([^.]+)\.", PAGES["README.md"])
    listed = set(re.findall(r"make (\w+) +#", PAGES["README.md"])) | set(re.findall(r"`(\w+)`", others))
    assert listed == targets - {"help"}


def is_there(name: str) -> bool:
    """Below the project or `research`, or the last part of a path in them."""
    if any(any(root.glob(name)) for root in (ROOT, ROOT / "research")):
        return True
    return any(any((ROOT / top).rglob(name)) for top in ("research", "tests"))


def test_every_name_of_the_code_that_contributing_names_is_in_the_code() -> None:
    source = "\n".join(
        path.read_text() for top in ("research", "tests") for path in sorted((ROOT / top).rglob("*.py")) if path != HERE
    )
    names = [name for name in named("CONTRIBUTING.md") if re.fullmatch(r"[A-Za-z_]+", name)]
    assert len(names) > 10
    assert [name for name in names if not re.search(rf"\b{name}\b", source)] == []


def documents() -> list[Path]:
    pages = [path for top in (".", "data", "notebooks", "reports") for path in (ROOT / top).glob("*.md")]
    package = [path for kind in ("*.py", "*.md") for path in (ROOT / "research").rglob(kind)]
    return sorted(path for path in pages + package if path.name != "CHANGELOG.md")  # which names what was


def test_no_page_and_no_docstring_refers_to_a_module_that_is_not_there() -> None:
    gone = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in documents()
        for name in re.findall(r"`([\w./]+\.(?:py|md))`(?! \(new\))", path.read_text())
        if not is_there(name) and not (path.parent / name).exists()
    }
    assert gone == set()
