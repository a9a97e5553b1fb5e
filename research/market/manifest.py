"""What a snapshot says about itself. How it is written and verified lives in `snapshot.py`."""

from __future__ import annotations

from dataclasses import dataclass, field

FORMAT_VERSION = 1


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
        Currency of prices, caps and volumes.
    rows : int
        Rows of daily.parquet.
    sha256 : dict of str to str
        File name to the hex digest of its bytes.
    simulated : bool
        True when the market never existed: every output made from it must say so.
    caveats : tuple of str
        What a reader of any result should know about these data.
    format_version : int
        Version of the folder's layout.
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
