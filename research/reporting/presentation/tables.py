"""Tables that more than one page shows. Those of one page lie with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from research.market.manifest import Manifest
from research.reporting.presentation.table import Table


def provenance(manifest: Manifest, given: Mapping[str, Any], commit: str, versions: Mapping[str, str]) -> Table:
    """What a result was made from: data, parameters, code and versions."""
    rows = {
        "snapshot": manifest.name,
        "fingerprint": manifest.fingerprint,
        "source": manifest.source,
        "retrieved": manifest.retrieved_at,
        "licence": manifest.licence,
        "dating": manifest.close_convention,
        "parameters": ", ".join(f"{name} = {value!r}" for name, value in given.items()),
        "code": f"commit {commit}",
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }
    made_from = {"name": manifest.name, "fingerprint": manifest.fingerprint, "simulated": manifest.simulated}
    return Table(
        pd.DataFrame({"what": list(rows), "is": list(rows.values())}), "Made from", metadata={"snapshot": made_from}
    )


def events(frame: pd.DataFrame, *, limit: int = 15) -> Table:
    """`IndexHistory.events`, the latest first."""
    return Table(
        frame.iloc[::-1].reset_index(drop=True),
        "Events, the latest first",
        formats={"effect_bps": "ratio"},
        headers={"asset_id": "asset", "effect_bps": "effect on the level, basis points"},
        limit=limit,
    )
