"""What a build did, for mail, chat and programs: what changed, new flags, failures, old data. Without paths."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

from research.errors import printable
from research.reporting.publishing.build import BuildResult
from research.reporting.publishing.journal import now
from research.reporting.publishing.site.cards import changes_of, days_old
from research.reporting.publishing.site.difference import Difference, compare, why
from research.reporting.publishing.site.editions import FOLDER, edition_names
from research.reporting.publishing.site.manifest import Entry

FORMATS = ("json", "markdown")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~@!])")


def summary(result: BuildResult, *, stale_after_days: int, today: dt.date) -> dict[str, Any]:
    """The summary as plain values.

    Returns
    -------
    dict
        finished (ISO 8601), seconds, edition, counts by state, removed, and `reports`: for each name, title, state
        ("published", "unchanged", "not possible", "failed" or "not built"), seconds, error, why (it was built), changes
        (figures: what, before, after), new_flags, data_until, and days_old where its data are older than
        `stale_after_days`. A simulated market is never old.
    """
    differences = _differences(result)
    reports = [
        _report(result, name, entry, differences.get(name), stale_after_days, today)
        for name, entry in result.after.items()
    ]
    states = [report["state"] for report in reports]
    return {
        "finished": now(),
        "seconds": round(result.seconds, 2),
        "edition": result.edition,
        "counts": {state: states.count(state) for state in dict.fromkeys(states)},
        "removed": result.removed,
        "reports": reports,
    }


def as_text(content: dict[str, Any], form: str) -> str:
    """The summary as JSON, or as Markdown for mail and chat."""
    if form == "json":
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    counts = ", ".join(f"{number} {state}" for state, number in content["counts"].items())
    lines = [f"**Reports {content['finished'][:10]}**: {counts} in {content['seconds']:.0f} s", ""]
    for report in content["reports"]:
        lines += _markdown(report)
    lines += [f"- removed: {_plain(name)}" for name in content["removed"]]
    lines += [f"- edition kept: {content['edition']}"] if content["edition"] else []
    return "\n".join(lines) + "\n"


def _differences(result: BuildResult) -> dict[str, Difference]:
    """Against the edition before, where this build made a new one."""
    names = edition_names(result.out)
    if not result.edition or len(names) < 2:
        return {}
    before, after = (result.out / FOLDER / name for name in (names[1], names[0]))
    return {difference.name: difference for difference in compare(before, after)}


def _report(
    result: BuildResult, name: str, entry: Entry, difference: Difference | None, stale_after: int, today: dt.date
) -> dict[str, Any]:
    before = result.before.get(name)
    built = name in result.built
    shown = changes_of(difference) if built and difference else {"changes": [], "figures_changed": 0, "new_flags": []}
    return {
        "name": name,
        "title": entry.title,
        "state": _state(result, name, entry),
        "seconds": entry.seconds if built else 0.0,
        "error": entry.error or entry.impossible or "",
        "why": (why(before, entry) if before and before.last_success else ["new"]) if built else [],
        **{key: shown[key] for key in ("changes", "figures_changed", "new_flags")},
        "data_until": entry.data_until,
        "days_old": days_old(entry, today, stale_after),
    }


def _state(result: BuildResult, name: str, entry: Entry) -> str:
    if entry.error is not None:
        return "failed"
    if entry.impossible is not None:
        return "not possible"
    if not entry.last_success:
        return "not built"
    return "published" if name in result.built else "unchanged"


def _markdown(report: dict[str, Any]) -> list[str]:
    """A report in the fewest lines: nothing of one that is as it was and whose data are new."""
    if report["state"] == "unchanged" and not report["days_old"]:
        return []
    because = f" ({_plain('; '.join(report['why']))})" if report["why"] else ""
    error = f": {_plain(report['error'])}" if report["error"] else ""
    lines = [f"- **{_plain(report['title'])}** {report['state']}{because}{error}"]
    if report["days_old"]:
        lines.append(f"  - data end on {report['data_until']}, {report['days_old']} days ago")
    lines += [f"  - new red flag: {_plain(flag)}" for flag in report["new_flags"]]
    changes = report["changes"]
    lines += [f"  - {_plain(row['what'])}: {_plain(row['before'])} → {_plain(row['after'])}" for row in changes]
    rest = report["figures_changed"] - len(changes)
    return lines + ([f"  - {rest} more figures changed"] if rest else [])


def _plain(text: str) -> str:
    """A text in which nothing is obeyed: not by a terminal, and not by whoever shows Markdown."""
    return _SPECIAL.sub(r"\\\1", printable(" ".join(text.split())))
