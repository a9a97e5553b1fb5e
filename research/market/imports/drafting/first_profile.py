"""`research data profile`: looks at a table and writes a first profile, for a person to edit.

What it guesses it says in comments. What it cannot know and what would change a number is a question in the profile's
list of questions: an import stops and asks until the list is empty.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from research.errors import DataError, printable
from research.market.faults import as_data_error
from research.market.imports.drafting.dating_evidence import Evidence, evidence_of
from research.market.imports.drafting.guesses import IN_USD, Guess, as_times, guess, plain_name
from research.market.imports.drafting.samples import key_in_names, sample_of, texts_without_digits
from research.market.imports.profile.profiles import Profile
from research.market.imports.profile.sections import EPOCHS, Files
from research.market.imports.reading.batches import Tally
from research.market.imports.reading.files import Given, TableFile, find_files
from research.market.imports.reading.files_to_rows import read_rows
from research.market.layout import CORE_COLUMNS
from research.settings import from_table

FIELD_WORDS = {"market_cap": ("cap",), "volume": ("vol",), "price": ("price", "close")}
MOST_MISSING = 20  # texts that mean that there is no value: more of them are hardly such
PLAUSIBLE = (1e-5, 3.0)  # a day's volume / market cap, both in USD


def draft_profile(given: Given) -> str:
    """The text of a first profile for a file, a folder, an archive or a pattern.

    Raises
    ------
    DataError
        If there is no table, or nothing in it looks like a date.
    """
    files = find_files(given, Files())
    draft = _Draft(files)
    draft.look()
    return draft.text()


def write_draft(given: Given, out: Path, *, replace_it: bool = False) -> Profile:
    """Write the draft to a file, which must be new unless `replace_it`; the profile as it can be loaded."""
    if out.suffix != ".toml":
        raise DataError(f"{out}: expected the path of a .toml file to write.")
    if out.exists() and not replace_it:
        raise DataError(f"{out} is there already. Choose another name, or --replace it.")
    text = draft_profile(given)
    with as_data_error(f"{out} could not be written", "Choose another place."):
        scratch = out.with_name(f".{out.name}.partial")
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(out)
    return Profile.load(out)


class _Draft:
    """One draft: what was seen, then the sections as lines."""

    def __init__(self, files: Sequence[TableFile]) -> None:
        self.files = files
        self.sample = sample_of(files)
        self.guess: Guess = guess(self.sample.columns, self.sample.typed)
        self.questions: list[str] = list(self.guess.questions)
        self.sections: dict[str, list[str]] = {name: [] for name in ("files", "columns", "dates", "numbers", "wide")}

    def look(self) -> None:
        """Fill the sections."""
        if "date" not in self.guess.roles:
            raise DataError(
                f"{self.files[0].label}: no column looks like a date: {', '.join(map(repr, self.sample.columns))}. "
                "Write the profile by hand; data/README.md has the format."
            )
        self._files_and_columns()
        self._numbers()
        self._dates()

    def text(self) -> str:
        """The whole profile."""
        first = self.files[0]
        table = first.path.stem if first.member else first.path.parent.name if len(self.files) > 1 else first.stem
        lines = [
            f"# A first draft, from {len(self.files):,} file(s): all of it is guessed. Read it, correct it, answer",
            "# what it asks, and take each answered question out of the list. data/README.md has the format.",
            f"name = {_quoted(table)}",
            f"source = {_quoted('unknown: ' + table)}  # where the data come from",
            'licence = "unknown: not for redistribution"  # what may be done with them\nredistribute = false',
            '# retrieved_at = "2024-06-01T06:00:00Z"  # when they were fetched; otherwise when the file was saved',
        ]
        if self.questions:
            lines += ["questions = [", *(f"    {_quoted(question)}," for question in self.questions), "]"]
        for name, content in self.sections.items():
            if content or (name == "wide" and self._wide):
                lines += ["", f"[{name}]", *content]
        text = "\n".join(lines) + "\n"
        from_table(Profile, tomllib.loads(text), "the draft", DataError)  # what is written can be loaded
        return text

    # -- which file, which column

    def _files_and_columns(self) -> None:
        roles, how, columns = self.guess.roles, self.sample.how, self.sections["columns"]
        self.sections["files"] += _lines_of(how)
        columns.append(f"date = {_quoted(roles['date'])}")
        self._wide = "price" not in roles and "key" not in roles and len(self.guess.numeric) > 1
        if self._wide:
            self._wide_fields()
            return
        if "key" in roles:
            columns.append(
                f"key = {_quoted(roles['key'])}  # the vendor's identifier of an asset; a ticker can be reused"
            )
        else:
            self.sections["files"].append(
                f"key = {_quoted(key_in_names(self.files))}  # the asset, in the name of its file"
            )
        for name in ("symbol", "name"):
            if name in roles and roles[name] != roles.get("key"):
                columns.append(f"{name} = {_quoted(roles[name])}")
        self._price_and_volume()
        extra = [f"{name} = {_quoted(roles[name])}" for name in ("open", "high", "low", "supply") if name in roles]
        if extra:
            columns.append(f"extra = {{ {', '.join(extra)} }}")
        if self.guess.others:
            columns.append(f"# not read: {', '.join(_quoted(name) for name in self.guess.others[:20])}")
        if self.sample.lacking:
            columns.append("may_be_absent = true  # a column that some file lacks is missing there")

    def _wide_fields(self) -> None:
        texts = [
            name for name in self.guess.others if name not in self.guess.numeric and any(self.sample.columns[name])
        ]
        if texts:
            self.sections["wide"].append(f"skip = {_quoted(texts)}  # texts: no prices")
            self.questions.append(
                f"Does {texts[0]!r} say which asset a row is of ([columns] key, no [wide]), or is each other column "
                "an asset ([wide])?"
            )
        if len(self.files) == 1:
            self.sections["wide"].append("# one column an asset; the file holds the prices")
            return
        taken: dict[str, str] = {}
        for file in self.files:
            words = file.stem.lower()
            field = next((name for name, parts in FIELD_WORDS.items() if any(part in words for part in parts)), None)
            if field is None or field in taken:
                self.questions.append(f"Which field does {file.name!r} hold: price, market_cap or volume ([wide])?")
            else:
                taken[field] = file.name
        self.sections["wide"] += [f"{name} = {_quoted(taken[name])}" for name in CORE_COLUMNS if name in taken]
        if "price" not in taken:
            self.sections["wide"] = ['# price = "..."']
            self.questions.append("Which of the files has the prices ([wide] price)?")

    def _price_and_volume(self) -> None:
        roles, columns = self.guess.roles, self.sections["columns"]
        if "price" not in roles:
            self.questions.append("Which column is the close in USD ([columns] price)?")
        columns.append(
            f"price = {_quoted(roles.get('price', '?'))}  # in USD: a price in another currency is converted first"
        )
        if "market_cap" in roles:
            columns.append(f"market_cap = {_quoted(roles['market_cap'])}")
        if "volume" not in roles:
            return
        name = roles["volume"]
        kind, evidence = self._volume_is()
        columns.append(f"{kind} = {_quoted(name)}  # {evidence}")

    def _volume_is(self) -> tuple[str, str]:
        name = self.guess.roles["volume"]
        if plain_name(name) in IN_USD:
            return "volume", "in USD, by its name"
        share = {}
        roles = self.guess.roles
        if {"price", "market_cap"} <= roles.keys():
            price, cap, volume = (self._values(roles[role]) for role in ("price", "market_cap", "volume"))
            with np.errstate(divide="ignore", invalid="ignore"):
                ratios = {"volume": volume / cap, "volume_coins": volume * price / cap}
            known = (volume > 0) & (price > 0) & (cap > 0)
            fits = {kind: (ratio > PLAUSIBLE[0]) & (ratio < PLAUSIBLE[1]) & known for kind, ratio in ratios.items()}
            decided = fits["volume"] ^ fits["volume_coins"]
            share = {kind: float((fit & decided).sum() / max(1, decided.sum())) for kind, fit in fits.items()}
            best = max(share, key=lambda kind: share[kind])
            if decided.sum() >= 2 and share[best] > 0.9:
                unit = "USD" if best == "volume" else "coins: becomes USD at the close"
                return (
                    best,
                    f"in {unit}; else volume / market cap would lie beyond {PLAUSIBLE[0]:g} to {PLAUSIBLE[1]:g}",
                )
        self.questions.append(
            f"Is the volume in {name!r} in USD, or in coins ([columns] volume_coins instead of volume)? An exchange's "
            "volume is mostly in coins."
        )
        return "volume", "in USD? In coins it would be volume_coins"

    def _values(self, name: str) -> np.ndarray:
        """Numbers of the sample, roughly: signs and units as guessed."""
        how = self.guess.numbers
        texts = pd.Series(self.sample.columns[name]).str.replace(how.thousands or "\0", "", regex=False)
        texts = texts.str.replace(how.decimal, ".", regex=False).str.extract(r"([+-]?[\d.]+(?:[eE][+-]?\d+)?)")[0]
        values: np.ndarray = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=float)
        return values

    # -- how numbers and dates are written

    def _numbers(self) -> None:
        how, lines = self.guess.numbers, self.sections["numbers"]
        if how.decimal != ".":
            lines.append(f"decimal = {_quoted(how.decimal)}")
        if how.thousands:
            lines.append(f"thousands = {_quoted(how.thousands)}")
        if how.units:
            pairs = ", ".join(f"{_quoted(unit)} = {factor:g}" for unit, factor in how.units.items())
            lines.append(f"units = {{ {pairs} }}  # what they multiply by")
        typed = self.sample.typed
        columns = [name for name in self.guess.numeric if name not in typed]
        missing = dict.fromkeys([*how.missing, *texts_without_digits(self.files, self.sample.how, columns)])
        if missing:
            lines.append(f"missing = {_quoted(list(missing)[:MOST_MISSING])}  # texts that mean that there is no value")

    def _dates(self) -> None:
        formats, lines = self.guess.formats, self.sections["dates"]
        typed = self.guess.roles["date"] in self.sample.typed
        times = as_times(self.sample.columns[self.guess.roles["date"]], formats)
        if formats:
            lines.append(f"format = {_quoted(formats[0])}")
            self._ask_which_format()
        written = formats[0] if formats else ""
        timed = written in EPOCHS or bool(re.search("%[HI]", written)) or (times.timed if typed else times.written)
        evidence = self._evidence(written, timed)
        if timed:
            lines += self._stamp(times.seconds, evidence)
        elif evidence.shift == -1:
            lines.append(f'stamp = "end"  # a row is the close of the day before, by bitcoin: {evidence}')
        elif evidence.shift == 0:
            lines.append(f"# a row is the close of its date, by bitcoin: {evidence}")
        elif not evidence.found:
            lines.append('# a row is taken as the close of its date. Is it that of the day before? Then: stamp = "end"')
        if len(set(evidence.found.values())) > 1:
            self.questions.append(f"The dating changes, by bitcoin: {evidence}. From when on ([[dating]])?")

    def _ask_which_format(self) -> None:
        texts = self.sample.columns[self.guess.roles["date"]]
        for other in self.guess.formats[1:]:
            theirs, ours = as_times(texts, (other,)), as_times(texts, self.guess.formats[:1])
            if not np.array_equal(theirs.days, ours.days):
                self.questions.append(
                    f"Is {texts[0]!r} written as {self.guess.formats[0]} or as {other} ([dates] format)?"
                )
                return

    def _stamp(self, seconds: np.ndarray, evidence: Evidence) -> list[str]:
        """What a time of day means: by the times themselves, by bitcoin, or a question."""
        late, midnight = seconds >= 86_400 - 600, seconds < 600
        intraday = len(np.unique(seconds // 3600)) > 1 and not (late | midnight).all()
        lines = ['intraday = "last"  # several times of day: the last row of a day is its close'] if intraday else []
        if late.all():
            return ['stamp = "day"  # all stamps lie at the end of the day that they name']
        if evidence.shift is not None:
            meaning = "day" if evidence.shift == 0 else "end"
            return [f'stamp = "{meaning}"  # by bitcoin: {evidence}', *lines]
        example = f"{int(seconds[0]) // 3600:02d}:{int(seconds[0]) // 60 % 60:02d}"
        self.questions.append(
            f"A stamp has a time of day ({example}). Does it name the day whose close the row is ([dates] stamp = "
            '"day"), or the moment of the value, so that 00:00 is the close of the day before (stamp = "end")?'
        )
        return ['stamp = "end"  # or "day"', *lines]

    def _evidence(self, written: str, timed: bool) -> Evidence:
        """Read the whole table as drafted so far, and look at bitcoin."""
        if not self._wide and "price" not in self.guess.roles:
            return Evidence({})  # which column to look at is a question already
        sections = {name: "\n".join(lines) for name, lines in self.sections.items() if lines}
        stamp = '\nstamp = "day"' if timed else ""
        sections["dates"] = (f"format = {_quoted(written)}" if written else "") + stamp
        body = "\n".join(f"[{name}]\n{lines}" for name, lines in sections.items())
        if self._wide and "wide" not in sections:
            body += "\n[wide]\n"
        words: dict[str, dict[str, int]] = {"key": {}}
        try:
            table = tomllib.loads(f'name = "draft"\nsource = "-"\nlicence = "-"\n{body}')
            profile = from_table(Profile, table, "the draft", DataError)
            return evidence_of(read_rows(self.files, replace(profile, questions=()), words, Tally()), words["key"])
        except DataError as error:
            self.questions.append(
                "Is a row the close of its date ([dates] stamp, [[dating]])? Bitcoin was not looked at, as reading "
                f"stopped: {printable(' '.join(str(error).split()))} Mend this, and draft again to have it looked at."
            )
            return Evidence({})


def _lines_of(how: Files) -> list[str]:
    """[files], as far as it is about the lines of a CSV."""
    lines: list[str] = []
    if how.delimiter != ",":
        lines.append(f"delimiter = {_quoted(how.delimiter)}")
    if how.skip_lines:
        lines.append(f"skip_lines = {how.skip_lines}  # lines above the header")
    if how.skip_last_lines:
        lines.append(f"skip_last_lines = {how.skip_last_lines}  # lines below the table")
    if how.encoding != "utf-8":
        doubt = (
            "" if how.encoding == "utf-16" else "  # a guess: it is not UTF-8. Do names with accents come out right?"
        )
        lines.append(f"encoding = {_quoted(how.encoding)}{doubt}")
    return lines


def _quoted(value: object) -> str:
    """As TOML writes it, which is how JSON does but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
