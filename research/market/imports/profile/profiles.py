"""Profiles: small TOML files that say how a vendor's table is to be read. Tables are read in `reading/`.

A profile names columns, dates and assets; it never repairs a price. Its sections are in `sections.py`; the shipped
ones lie in `market/profiles`; the format is described in data/README.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from research.errors import DataError, shown, suggest
from research.market.faults import as_data_error
from research.market.imports.profile.assets import Asset
from research.market.imports.profile.sections import Columns, Dates, DatingRule, Files, Join, Layout, Numbers, Wide
from research.market.manifest import check_currency, instant
from research.market.quality.holding_back import check_holdable
from research.settings import from_table, read_toml

LONGEST_GAP = 100_000  # days: longer than there have been prices
FOLDER = Path(__file__).parents[2] / "profiles"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How to read one vendor's table.

    Attributes
    ----------
    name, source, licence, currency, caveats
        Go into the manifest as they are. The currency is USD: nothing is converted.
    redistribute : bool
        Whether the licence lets raw values be passed on; goes into the manifest too.
    retrieved_at : str, optional
        ISO 8601 instant of retrieval; the table's own time of modification where it is left out.
    columns : Columns
    questions : tuple of str
        What the profile leaves open; a table is read only when none is left (`research data profile` writes them).
    files : Files
    dates : Dates
    numbers : Numbers
    wide : Wide, optional
        Where a table has one column an asset.
    join : Join, optional
        A second table, from which values are taken.
    dating : tuple of DatingRule
        In order of time; before the first, a row's date is the day whose close it has.
    split_after_gap_days : int, optional
        When an asset's prices resume after a longer gap, a new asset begins: `etc`, then `etc-2`.
    hold_back : tuple of str
        Rules (see `quality.HOLDABLE`) whose doubtful values are set missing; none unless it is asked for.
    identities : str, optional
        Path of the table that decides which asset a key is, and when (see `cleaning/identities.py`); relative to the
        profile's file.
    assets : dict of str to Asset
        By the vendor's key, by key and number after a split (`etc-2`), or by the id that the table decides.
    """

    name: str
    source: str
    licence: str
    columns: Columns
    redistribute: bool = True
    retrieved_at: str | None = None
    currency: str = "USD"
    caveats: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    files: Files = field(default_factory=Files)
    dates: Dates = field(default_factory=Dates)
    numbers: Numbers = field(default_factory=Numbers)
    wide: Wide | None = None
    join: Join | None = None
    dating: tuple[DatingRule, ...] = ()
    split_after_gap_days: int | None = None
    hold_back: tuple[str, ...] = ()
    identities: str | None = None
    assets: dict[str, Asset] = field(default_factory=dict)

    def __post_init__(self) -> None:
        starts = [rule.start for rule in self.dating]
        if starts != sorted(set(starts)):
            raise DataError(f"profile {self.name!r}: the dating rules must be in order of time, found {starts}.")
        if self.split_after_gap_days is not None and not 1 <= self.split_after_gap_days <= LONGEST_GAP:
            raise DataError(
                f"profile {self.name!r}: split_after_gap_days = {self.split_after_gap_days}; "
                f"expected 1 to {LONGEST_GAP:,}."
            )
        check_holdable(self.hold_back, f"profile {self.name!r}, hold_back")
        check_currency(self.currency, f"profile {self.name!r}")
        self._check_key_and_price()
        if self.retrieved_at is not None:
            instant(self.retrieved_at)

    def _check_key_and_price(self) -> None:
        """Each asset is said in one place: a column, the files' names, or the header of a wide table."""
        where = {"[columns] key": self.columns.key, "[files] key": self.files.key, "[wide]": self.wide}
        given = [name for name, value in where.items() if value is not None]
        if len(given) != 1:
            what = (
                f"the asset is said by {' and '.join(given)}" if given else "missing key: the asset is said by nothing"
            )
            raise DataError(f"profile {self.name!r}: {what}; expected one of {', '.join(where)}.")
        others = [name for name in (*self.columns.numbers, *self.columns.texts) if self.wide is not None]
        if others:
            raise DataError(
                f"profile {self.name!r}: a wide table has no column {others[0]}. Leave it out of [columns]."
            )
        twice = [] if self.join is None else [name for name in self.join.taken if name in self.columns.numbers]
        if twice:
            raise DataError(f"profile {self.name!r}: {twice[0]} is in [columns] and in [join]. Keep one of them.")
        if self.wide is None and self.columns.price is None:
            raise DataError(f"profile {self.name!r}: columns: missing price. Add the column of the closes.")

    @property
    def layout(self) -> Layout:
        """How the files of the first table are read."""
        return Layout(columns=self.columns, files=self.files, dates=self.dates, numbers=self.numbers)

    @classmethod
    def load(cls, profile: str | Path) -> Self:
        """Read a shipped profile by its name, or any by its path (ending in .toml).

        Raises
        ------
        DataError
            If there is none, it is not TOML, or an entry is unknown, missing or of the wrong type.
        """
        path = Path(profile) if str(profile).endswith(".toml") else FOLDER / f"{profile}.toml"
        with as_data_error(f"{path} cannot be read as a profile", "Check the path and who may read it."):
            if not path.exists():  # what is there and no regular file is refused by `read_toml`
                raise DataError(
                    f"no profile {shown(str(profile))}: {suggest(str(profile), shipped_profiles())}, or the path of a "
                    ".toml file"
                )
            read = from_table(cls, read_toml(path, DataError), str(path), DataError)
        return read if read.identities is None else replace(read, identities=str(path.parent / read.identities))


def shipped_profiles() -> list[str]:
    """Names of the profiles that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))
