"""The one error tree and the warning classes of the package.

A message names the file, field or asset, what was found, what was expected, and the next step.
The command line prints the message alone and exits with status 1; in a notebook it is the last line of the traceback.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_OBEYED = re.compile(  # controls, direction marks, characters without width, line separators, halves of a pair
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e01ef]"
)


class ResearchError(ValueError):
    """Anything the user can put right: bad data, a bad rulebook, a bad report definition."""


class DataError(ResearchError):
    """A snapshot, table or series is not what it must be."""


class MethodologyError(ResearchError):
    """A rulebook says something impossible, or something the data cannot support."""


class ReportError(ResearchError):
    """A report definition, its notebook or its execution is at fault."""


class ResearchWarning(UserWarning):
    """Base class of every warning of this package."""


class DataWarning(ResearchWarning):
    """The data are usable, but a reader of the result should know something about them."""


class MethodologyWarning(ResearchWarning):
    """The rulebook was followed, but could not be followed in full."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Say which names exist, the nearest first: the tail of every "unknown name" message.

    >>> suggest("max_wieght", ["max_weight", "min_weight"])
    "did you mean 'max_weight'? Known: max_weight, min_weight"
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}Known: {', '.join(names)}"


def system_fault(error: OSError) -> str:
    """What the operating system refused, and where, without the number of the error."""
    where = error.filename2 or error.filename
    return f"{error.strerror or error}{f': {where}' if where is not None else ''}"


def printable(text: str, *, keep: str = "") -> str:
    """`text` with each character that a terminal obeys or a reader cannot see spelled out, except those in `keep`.

    Whatever came from a file, a table or a vendor goes through here before it is shown.

    >>> printable("bit\\x1b[2Jcoin")
    'bit\\\\x1b[2Jcoin'
    """
    return _OBEYED.sub(lambda found: found[0] if found[0] in keep else ascii(found[0])[1:-1], text)
