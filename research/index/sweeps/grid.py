"""A grid of rulebook keys and values -> the rulebooks on it, and why some of them cannot be."""

from __future__ import annotations

import dataclasses
import itertools
import math
import typing
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from research.errors import MethodologyError, shown, suggest
from research.rulebook.methodology import Methodology
from research.rulebook.schedule import FREQUENCIES, Schedule
from research.rulebook.weighting import SCHEME_KEYS, Weighting
from research.settings import from_table

MOST = 100_000
"""Variants of one grid: more were mistyped rather than meant."""
NAMES = ("name", "description", "source")
Settings = dict[str, Any]


def _section(hint: Any) -> Any:
    return next((option for option in (hint, *typing.get_args(hint)) if dataclasses.is_dataclass(option)), None)


SECTIONS: Mapping[str, type] = {
    name: section
    for name, hint in typing.get_type_hints(Methodology).items()
    if (section := _section(hint)) is not None
}
DEFAULTS: Mapping[str, Any] = {
    field.name: field.default for field in dataclasses.fields(Methodology) if field.name not in (*SECTIONS, *NAMES)
}
"""Of the keys outside the sections."""
KEYS: tuple[str, ...] = (
    *DEFAULTS,
    *(f"{section}.{field.name}" for section, kind in SECTIONS.items() for field in dataclasses.fields(kind)),
)
"""All that a grid may vary: everything a rulebook says but its names."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variant:
    """One point of a grid.

    Attributes
    ----------
    name : str
        Its settings in words, as "count=10, scheme=equal".
    settings : dict
        Key of the grid -> value; None leaves the key out.
    rules : Methodology, optional
        None where the settings do not go together; `reason` then says why.
    """

    name: str
    settings: Settings
    rules: Methodology | None = None
    reason: str = ""


def variants_of(rules: Methodology, grid: Mapping[str, Sequence[Any]]) -> list[Variant]:
    """Every combination of a grid's values, the last key varying fastest, as a rulebook or as the reason against it.

    What follows from a setting for keys that the grid does not name: see `rules_with`.

    Raises
    ------
    MethodologyError
        If a key is unknown, a list is empty or no list, a value is in it twice, or there are too many combinations.
    """
    axes = read_grid(grid)
    labels = _labels(list(axes))
    made: dict[str, Any] = {}
    variants = []
    for values in itertools.product(*axes.values()):
        settings = dict(zip(axes, values, strict=True))
        name = ", ".join(f"{labels[key]}={words(value)}" for key, value in settings.items())
        try:
            variants.append(Variant(name=name, settings=settings, rules=rules_with(rules, settings, made)))
        except MethodologyError as reason:
            variants.append(Variant(name=name, settings=settings, reason=str(reason)))
    return variants


def read_grid(grid: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """The grid with lists of plain values; errors as in `variants_of`."""
    if not isinstance(grid, Mapping) or not grid:
        raise MethodologyError(
            f'grid is {shown(grid)}: expected keys of the rulebook with lists of values, as {{"selection.count": [5, '
            "10]}."
        )
    axes = {}
    for key, values in grid.items():
        if key not in KEYS:
            raise MethodologyError(f"grid: unknown key {shown(key)}: {_hint(str(key))}")
        if not isinstance(values, list | tuple | range | np.ndarray | pd.Index | pd.Series) or not len(values):
            raise MethodologyError(f"grid: {key} = {shown(values)}: expected a list of one value or more.")
        axes[key] = [_plain(value) for value in values]
        twice = [value for place, value in enumerate(axes[key]) if _is_in(value, axes[key][:place])]
        if twice:
            raise MethodologyError(f"grid: {key} has {shown(twice[0])} twice. Name each value once.")
    size = math.prod(map(len, axes.values()))
    if size > MOST:
        raise MethodologyError(f"grid: {size:,} combinations, more than {MOST:,}. Give fewer keys, or fewer values.")
    return axes


def value_of(rules: Methodology, key: str) -> Any:
    """What a rulebook says for a key of the grid; None where it has no such section."""
    section, _, name = key.rpartition(".")
    home = getattr(rules, section) if section else rules
    return None if home is None else _plain(getattr(home, name))


def words(value: Any) -> str:
    """A value of the grid as it reads in a name."""
    if value is None:
        return "none"
    return "/".join(map(words, value)) if isinstance(value, list) else str(value)


def rules_with(rules: Methodology, settings: Settings, made: dict[str, Any] | None = None) -> Methodology:
    """A rulebook with other settings, and with what follows from them for the keys that they do not name.

    With another `selection.count` the ranks of the buffer and `min_count` keep their proportion to it: 10 members with
    the ranks 8 and 12 become 20 with 16 and 24. Keys that another `weighting.scheme` does not use fall away, bounds
    stay; of `max_weight` and `max_weight_by_rank` the one that is given takes the place of the other. A rebalance rarer
    than another `schedule.reconstitution` falls away, a more frequent one stays; where nothing is weekly any more, the
    weekday falls away.

    Parameters
    ----------
    settings : dict
        Key, one of `KEYS` -> value; None leaves the key out, so that its default holds.
    made : dict, optional
        Sections that were made of `rules` before, and what they were made of: not read again.

    Raises
    ------
    MethodologyError
        If the settings contradict each other, or the rest of the rulebook: the message says which and why.
    """
    made = {} if made is None else made
    changed = {key: DEFAULTS[key] if value is None else value for key, value in settings.items() if key in DEFAULTS}
    whole = _following(rules, settings) | settings
    for section in dict.fromkeys(key.partition(".")[0] for key in whole if "." in key):
        own = {key.partition(".")[2]: value for key, value in whole.items() if key.startswith(f"{section}.")}
        known = f"{section} {sorted(own.items())!r}"
        if known not in made:
            before = getattr(rules, section)
            table = {} if before is None else _plain(before)
            given = {key: value for key, value in (table | own).items() if value is not None}
            try:
                made[known] = from_table(SECTIONS[section], given, section, MethodologyError)
            except MethodologyError as reason:
                made[known] = reason
        if isinstance(made[known], MethodologyError):
            raise made[known]
        changed[section] = made[known]
    return dataclasses.replace(rules, **changed)


def _following(rules: Methodology, settings: Settings) -> Settings:
    """What follows from these settings for keys that they do not name; None leaves a key out."""
    return _buffer(rules, settings) | _of_scheme(rules, settings) | _calendar(rules, settings)


def _buffer(rules: Methodology, settings: Settings) -> Settings:
    own, count = rules.selection.count, settings.get("selection.count")
    if own is None or not isinstance(count, int) or count == own:
        return {}
    bounds = {"entry_rank": (1, count), "exit_rank": (count, math.inf), "min_count": (1, count)}
    ranks = {name: getattr(rules.selection, name) for name in bounds}
    return {
        f"selection.{name}": int(min(max(round(ranks[name] * count / own), low), high))
        for name, (low, high) in bounds.items()
        if ranks[name] is not None
    }


def _of_scheme(rules: Methodology, settings: Settings) -> Settings:
    scheme = _said(rules, settings, "weighting.scheme", Weighting.scheme)
    left = [key for key, schemes in SCHEME_KEYS.items() if scheme not in schemes]
    instead = {"max_weight": "max_weight_by_rank", "max_weight_by_rank": "max_weight"}
    left += [other for cap, other in instead.items() if settings.get(f"weighting.{cap}")]
    return {f"weighting.{key}": None for key in left if getattr(rules.weighting, key) != getattr(Weighting, key)}


def _calendar(rules: Methodology, settings: Settings) -> Settings:
    own = rules.schedule
    left: Settings = {}
    chosen = _said(rules, settings, "schedule.reconstitution", Schedule.reconstitution)
    weighted = settings.get("schedule.rebalance", own.rebalance)
    if chosen in FREQUENCIES and own.rebalance and FREQUENCIES.index(own.rebalance) > FREQUENCIES.index(chosen):
        left["schedule.rebalance"] = None
        weighted = settings.get("schedule.rebalance")
    if own.weekday != Schedule.weekday and "weekly" not in (chosen, weighted):
        left["schedule.weekday"] = None
    return left


def _said(rules: Methodology, settings: Settings, key: str, default: str) -> Any:
    """What holds for a key under these settings."""
    said = settings.get(key, value_of(rules, key))
    return default if said is None else said


def _plain(value: Any) -> Any:
    """A value as a TOML file would have it: plain numbers, lists, tables."""
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple | np.ndarray) else value


def _is_in(value: Any, others: Sequence[Any]) -> bool:
    """Whether a value is there already; true is no 1."""
    return any(type(value) is type(other) and value == other for other in others)


def _labels(keys: Sequence[str]) -> dict[str, str]:
    """The last part of each key, the whole where two have the same."""
    last = {key: key.rpartition(".")[2] for key in keys}
    return {key: name if list(last.values()).count(name) == 1 else key for key, name in last.items()}


def _hint(key: str) -> str:
    homes = [known for known in KEYS if known.endswith(f".{key}")]
    return f"did you mean {' or '.join(map(repr, homes))}?" if homes else suggest(key, KEYS)
