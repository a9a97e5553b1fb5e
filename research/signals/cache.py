"""Signals of a snapshot kept on disk, so that notebooks and reports that share a recipe make them once.

The fingerprint covers the market's values, the recipe, the code that makes signals and the versions of the numerical
packages. What cannot be read again exactly (boosted trees) is not kept. A file that is damaged is made anew.
"""

from __future__ import annotations

import hashlib
import tempfile
import warnings
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from research.errors import DataWarning
from research.point_in_time.view import PointInTime
from research.signals.models import Linear
from research.signals.probability import Probability
from research.signals.recipe import Recipe
from research.signals.walk_forward import Refit
from research.typing import FloatArray

PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "bottleneck")
Arrays = dict[str, Any]


def fingerprint(source: PointInTime, recipe: Recipe) -> str:
    """The same for two runs that make the same signals; 32 hexadecimal digits."""
    digest = hashlib.sha256(f"{recipe.fingerprint} {_code()}".encode())
    market = source.market
    digest.update(str((source.dates[0], source.dates[-1], source.asset_ids.tolist())).encode())
    digest.update(market.tags.to_csv().encode())
    digest.update(str([(step.row, step.new) for step in source.conversions]).encode())
    digest.update(str([(step.row, step.asset) for step in source.removals]).encode())
    for name in source.panel_names:
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(source.panel(name)).tobytes())
    return digest.hexdigest()[:32]


@cache
def _code() -> str:
    """The code that signals depend on: everything below `research` that they may import, and the packages."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(str([version(name) for name in PACKAGES]).encode())
    for room in ("signals", "point_in_time", "rulebook", "market"):
        for path in sorted((root / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def folder() -> Path:
    """`.cache/signals` of the project, or of the user where the package is installed without it."""
    root = Path(__file__).resolve().parents[2]
    home = root / ".cache" if (root / "pyproject.toml").exists() else Path.home() / ".cache" / "crypto-index-research"
    return home / "signals"


def write(key: str, arrays: Arrays) -> None:
    """Keep arrays under a fingerprint. A folder that cannot be written to is a warning: nothing is lost but time."""
    home = folder()
    temporary = None
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=home, suffix=".part", delete=False) as file:
            temporary = Path(file.name)
            np.savez_compressed(file, **arrays)
        temporary.replace(home / f"{key}.npz")
    except OSError as cause:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        warnings.warn(
            f"signals are not kept for the next time: {home}: {cause.strerror}. Make the folder writable.",
            DataWarning,
            stacklevel=2,
        )


def read(key: str) -> Arrays | None:
    """What was kept under a fingerprint; None where nothing was, or it cannot be read."""
    path = folder() / f"{key}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as cause:  # zipfile, zlib and numpy fail in many ways on what they do not expect
        said = f"{path.name} in the cache of signals is damaged and made anew ({cause})."
        warnings.warn(said, DataWarning, stacklevel=2)
        return None


def pack_refits(refits: tuple[Refit, ...]) -> Arrays | None:
    """Refits as arrays; None where a model cannot be told by numbers alone."""
    models = [refit.model for refit in refits]
    if not all(isinstance(model, Linear) for model in models):
        return None
    linear = [model for model in models if isinstance(model, Linear)]
    chances = [refit.probability for refit in refits]
    scalars = [(r.week, r.penalty, r.rank_correlation, m.intercept) for r, m in zip(refits, linear, strict=True)]
    return {
        "refits": np.array(scalars),
        "trained": np.concatenate([refit.trained for refit in refits]),
        "trained_counts": np.array([len(refit.trained) for refit in refits]),
        "coefficients": np.array([model.coefficients for model in linear]),
        "interact": np.array([-1 if model.interact is None else model.interact for model in linear]),
        "probability": np.array([(c.intercept, c.slope, c.centre, c.scale) for c in chances]),
        "regime": np.array([c.regime for c in chances]),
        "places": np.array([c.places for c in chances], dtype=np.int64),
    }


def unpack_refits(arrays: Arrays) -> tuple[Refit, ...]:
    """The inverse of `pack_refits`."""
    trained = np.split(arrays["trained"], np.cumsum(arrays["trained_counts"])[:-1])
    refits = []
    for place, (week, penalty, correlation, intercept) in enumerate(arrays["refits"].tolist()):
        interact = int(arrays["interact"][place])
        coefficients: FloatArray = arrays["coefficients"][place]
        a, slope, centre, scale = arrays["probability"][place].tolist()
        refits.append(
            Refit(
                week=int(week),
                trained=trained[place],
                model=Linear(
                    coefficients=coefficients, intercept=intercept, interact=None if interact < 0 else interact
                ),
                probability=Probability(
                    intercept=a,
                    slope=slope,
                    centre=centre,
                    scale=scale,
                    regime=arrays["regime"][place],
                    places=arrays["places"][place],
                ),
                penalty=penalty,
                rank_correlation=correlation,
            )
        )
    return tuple(refits)
