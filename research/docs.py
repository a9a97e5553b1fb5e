"""Help texts of methods that only pass a question on: what is asked says what the answer holds."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def told_by(source: Callable[..., Any]) -> Callable[[F], F]:
    """Put the docstring of `source` under that of a method, so that `?` shows columns, errors and formula."""

    def told(method: F) -> F:
        method.__doc__ = f"{inspect.getdoc(method)}\n\n{inspect.getdoc(source)}\n"
        return method

    return told
