"""What a page says about itself, apart from what its notebook shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a page says about itself.

    Attributes
    ----------
    title : str
        The page's heading; the notebook's own becomes the question under it.
    built_at, commit : str
        ISO 8601 instant (UTC), and the commit of the code.
    parameters : mapping
        Every parameter with its value.
    snapshots : mapping of str to str
        Name of each snapshot -> fingerprint.
    simulated : bool
        Whether any of them never existed: the page says so in plain sight.
    versions : mapping of str to str
        Packages and their versions.
    data : str
        Folder of the files with the numbers of the page, seen from the page; empty where there are none.
    files : tuple of str
        Their names.
    withheld : bool
        Whether the licence of a market of the page forbids passing on its raw values: they are left out of the files,
        as CSV of figures and as columns of tables.
    """

    title: str
    built_at: str
    commit: str
    parameters: Mapping[str, Any]
    snapshots: Mapping[str, str]
    simulated: bool
    versions: Mapping[str, str] = field(default_factory=dict)
    data: str = ""
    files: tuple[str, ...] = ()
    withheld: bool = False
