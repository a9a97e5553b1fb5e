"""The one error tree and the warning classes of the package.

A message names the file, field or asset, what was found, what was expected, and the next step.
The command line prints the message alone and exits with status 1; in a notebook it is the last line of the traceback.
"""

from __future__ import annotations

import difflib
import errno
import os
import re
from collections.abc import Iterable
from pathlib import Path

SHORT_LIST = 8  # names that a message lists in full
LONGEST, LONGEST_PATH = 100, 300  # characters of a value, and of a path, that a message shows
_OBEYED = re.compile(  # controls, direction marks, characters without width, line separators, halves of a pair
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e01ef]"
)
_SPACE = "Free space there, or choose another place."
_RIGHTS = "Check who may read and write there."
_TAKEN = "Choose another path, or move away what is there."
_PATH = "Check the path."
_NEXT_STEP = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: _SPACE,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: _RIGHTS,
    errno.EEXIST: _TAKEN,
    errno.ENOTEMPTY: _TAKEN,
    errno.EISDIR: _TAKEN,
    errno.ENAMETOOLONG: "Choose a shorter path.",
    errno.EMFILE: "Close other programs, or let fewer workers run at a time.",
    errno.ENOMEM: "Close other programs, or let fewer workers run at a time.",
} | dict.fromkeys((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL), _PATH)


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


def suggest(name: object, known: Iterable[str]) -> str:
    """Say which names exist: the tail of every "unknown name" message. Of a long list, the three nearest.

    >>> suggest("max_wieght", ["max_weight", "min_weight"])
    "did you mean 'max_weight'? Known: max_weight, min_weight"
    """
    names = sorted(map(str, known))
    asked = str(name)[:LONGEST]
    nearest = difflib.get_close_matches(asked, names, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    if len(names) <= SHORT_LIST:
        return f"{hint}Known: {', '.join(names)}"
    three = difflib.get_close_matches(asked, names, n=3, cutoff=0.0)
    return f"{hint}Nearest of {len(names):,}: {', '.join(three)}"


def shown(value: object) -> str:
    """A value as it stands in a message: cut where it is long, and never an error of its own. A path has no quotes."""
    if isinstance(value, os.PathLike):
        return _cut(os.fsdecode(value), LONGEST_PATH)
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, or a table nested without end
        return f"a {type(value).__name__} too long to be shown"
    return _cut(text, LONGEST)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


def system_fault(error: OSError) -> str:
    """What the operating system refused, where, and the next step; without the number of the error."""
    where = error.filename2 or error.filename
    place = f": {shown(Path(os.fsdecode(where)) if isinstance(where, str | bytes) else where)}" if where else ""
    step = _NEXT_STEP.get(error.errno or 0, "Put that right and run it again.")
    return f"{error.strerror or error}{place}. {step}"


def printable(text: str, *, keep: str = "") -> str:
    """`text` with each character that a terminal obeys or a reader cannot see spelled out, except those in `keep`.

    Whatever came from a file, a table or a vendor goes through here before it is shown.

    >>> printable("bit\\x1b[2Jcoin")
    'bit\\\\x1b[2Jcoin'
    """
    return _OBEYED.sub(lambda found: found[0] if found[0] in keep else ascii(found[0])[1:-1], text)
