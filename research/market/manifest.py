"""What a snapshot says about itself, as an object and as JSON. Files are written and verified in `snapshot.py`."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Self

from research.errors import DataError, ResearchError, shown, suggest

FORMAT_VERSION = 1
MANIFEST_FILE = "manifest.json"
_LATER: dict[str, Any] = {"updates": "", "fetched": {}, "redistribute": True}
"""Entries that older manifests lack, with what they mean there; one that says nothing else is not written."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The content of `manifest.json`.

    Attributes
    ----------
    name, source, licence : str
        Short name of the snapshot, where its data come from, and under which terms.
    retrieved_at : str
        ISO 8601 instant (UTC) at which the data were retrieved from the source.
    close_convention : str
        How the vendor dated its rows and what was shifted, in words. After import, a price dated D is
        the close of UTC day D.
    currency : str
        Currency of prices, caps and volumes: USD, no other is accepted.
    rows : int
        Rows of daily.parquet.
    sha256 : dict of str to str
        File name to the hex digest of its bytes; under "manifest.json" stands `fingerprint`, so that a changed
        letter in the manifest is found as well. Empty for a market made in memory.
    simulated : bool
        True when the market never existed: every output made from it must say so.
    caveats : tuple of str
        What a reader of any result should know about these data.
    format_version : int
        Version of the folder's layout.
    updates : str
        Fingerprint of the snapshot that this one continues; empty, and then not written, where it continues none.
    fetched : dict of str to str
        How it was fetched, so that an update can ask again: the source and its arguments, never a key. Empty, and then
        not written, where it came from a table.
    redistribute : bool
        Whether the licence lets prices, market caps and volumes be passed on; True, and then not written, where nothing
        else is said. False leaves them out of the files that a report publishes.
    """

    name: str
    source: str
    retrieved_at: str
    licence: str
    close_convention: str
    currency: str = "USD"
    rows: int = 0
    sha256: dict[str, str] = field(default_factory=dict)
    simulated: bool = False
    caveats: tuple[str, ...] = ()
    format_version: int = FORMAT_VERSION
    updates: str = ""
    fetched: dict[str, str] = field(default_factory=dict)
    redistribute: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise DataError(f"the name of a market: found {shown(self.name)}, expected a text.")
        if not self.name.strip():
            raise DataError("a manifest needs a name: say in a few words which market this is.")
        if self.simulated and "SIMULATED" not in self.name:
            raise DataError(f"the market {self.name!r} is simulated, so its name must contain the word SIMULATED.")
        check_currency(self.currency, f"the market {self.name!r}")

    @property
    def fingerprint(self) -> str:
        """Hex digest that identifies the snapshot: of this manifest's content, file digests included."""
        content = self._content()
        content["sha256"] = {name: digest for name, digest in self.sha256.items() if name != MANIFEST_FILE}
        return hashlib.sha256(_json(content).encode()).hexdigest()

    def signed(self) -> Self:
        """The same manifest with its own fingerprint among the digests."""
        return dataclasses.replace(self, sha256={**self.sha256, MANIFEST_FILE: self.fingerprint})

    def to_json(self) -> str:
        """The text of `manifest.json`: sorted keys, so that the same content has the same bytes."""
        return _json(self._content()) + "\n"

    def _content(self) -> dict[str, Any]:
        """All entries; later ones only where they say something, so that older manifests keep their bytes."""
        entries = dataclasses.asdict(self)
        return {name: value for name, value in entries.items() if name not in _LATER or value != _LATER[name]}

    @classmethod
    def from_json(cls, text: str, where: str) -> Self:
        """Read a manifest back; `where` names the file in messages.

        Raises
        ------
        DataError
            If `text` is not JSON, is of another format version, has unknown, missing or mistyped entries, or does not
            agree with its own fingerprint.
        """
        content = _parsed(text, where)
        version = content.get("format_version")
        if version != FORMAT_VERSION or isinstance(version, bool):
            raise DataError(
                f"{where}: format_version is {version!r}, this program reads {FORMAT_VERSION}. "
                "Import the snapshot's source table again with this version of the program."
            )
        _check_entries(cls, content, where)
        manifest = cls(**{**content, "caveats": tuple(content["caveats"])})
        if manifest.sha256.get(MANIFEST_FILE) != manifest.fingerprint:
            raise DataError(
                f"{where}: the content does not agree with its own sha256, so it was changed after it was written. "
                "A snapshot is never edited: restore the folder, or import the source table again."
            )
        return manifest


def check_currency(currency: str, where: str) -> None:
    """Raise DataError unless it is USD: every panel is in USD, and nothing is converted."""
    if currency != "USD":
        raise DataError(
            f"{where}: currency = {currency!r}, expected 'USD'. Convert the table to USD before importing it."
        )


def instant(text: str) -> dt.datetime:
    """An ISO 8601 instant as a datetime in UTC.

    Raises
    ------
    DataError
        If `text` is not one, or has no time zone.
    """
    try:
        moment = dt.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise DataError(f"retrieved_at = {text!r} has no time zone; add Z if it is UTC.")
        moment = moment.astimezone(dt.UTC)
    except ResearchError:
        raise
    except (ValueError, OverflowError) as error:
        raise DataError(f"retrieved_at = {text!r} is not an ISO 8601 instant, e.g. 2023-05-26T00:00:00Z.") from error
    if moment.year < 2009:
        raise DataError(f"retrieved_at = {text!r} lies before 2009, when there were no prices.")
    return moment


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, and thousands of brackets
        raise DataError(
            f"{where} is not JSON: {error}. Restore the snapshot, or import its source table again."
        ) from error
    if not isinstance(content, dict):
        raise DataError(
            f"{where} holds a JSON {type(content).__name__}; expected an object with the manifest's entries."
        )
    return content


def _check_entries(cls: type[Manifest], content: dict[str, Any], where: str) -> None:
    known = {entry.name: _JSON_TYPES[str(entry.type)] for entry in dataclasses.fields(cls)}
    for name in content.keys() - known.keys():
        raise DataError(f"{where} has an unknown entry {name!r}: {suggest(name, known)}")
    for name, kind in known.items():
        if name not in content and name in _LATER:
            continue
        if name not in content:
            raise DataError(f"{where} lacks the entry {name!r}. Restore the snapshot, or import its source again.")
        value = content[name]
        if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
            raise DataError(f"{where}: {name} is {value!r}, expected a JSON {kind.__name__}.")
        parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
        for text in [value] if isinstance(value, str) else parts:
            if not isinstance(text, str) or any(0xD800 <= ord(character) < 0xE000 for character in text):
                raise DataError(f"{where}: {name} holds {text!r}, expected a text.")


_JSON_TYPES: dict[str, type] = {
    "str": str,
    "int": int,
    "bool": bool,
    "dict[str, str]": dict,
    "tuple[str, ...]": list,
}
