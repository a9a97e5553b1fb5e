"""One exchange as ccxt sees it, its faults as our own. Which pages are asked for is decided in `exchange.py`."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import os
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from research.errors import DataError, suggest
from research.market.sources.client import Answer, now, patiently, try_again

URL_VARIABLE = "RESEARCH_EXCHANGE_URL"  # another server that answers as the exchange does: a mirror, or a test
LIMIT = 1_000  # candles asked for at a time; an exchange may give fewer
EPOCH = dt.date(1970, 1, 1)
MILLISECONDS_PER_DAY = 86_400_000


class Server:
    """An exchange, asked through ccxt, which keeps its rate limit."""

    def __init__(self, name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.name, self._sleep = name, sleep
        self._errors = importlib.import_module("ccxt.base.errors")
        self._exchange = ccxt_class(name)({"enableRateLimit": True, "options": {"defaultType": "spot"}})
        self._exchange.options["fetchMarkets"] = {"types": ["spot"]}
        self._exchange.session.max_redirects = 0  # to no other place, as in `client.py`
        if URL_VARIABLE in os.environ:
            self._exchange.urls["api"] = _elsewhere(self._exchange.urls["api"], os.environ[URL_VARIABLE])

    @property
    def calls_per_minute(self) -> float:
        """What ccxt keeps to."""
        return 60_000 / max(1.0, float(self._exchange.rateLimit))

    @property
    def page(self) -> int:
        """Candles that it gives at a time, as ccxt has it; at most those asked for."""
        stated = ((self._exchange.features or {}).get("spot") or {}).get("fetchOHLCV") or {}
        return min(LIMIT, stated.get("limit") or LIMIT)

    def markets(self) -> Answer:
        """The pairs: symbol, base, quote, whether spot and whether active."""
        found = self._asked("the list of pairs", lambda: list(self._exchange.load_markets(True).values()))
        kept = [{name: market.get(name) for name in ("symbol", "base", "quote", "spot", "active")} for market in found]
        return self._answer("load_markets", kept)

    def candles(self, pair: str, first: dt.date) -> Answer:
        """At most `LIMIT` daily candles from `first` on; the last may be of a day that has not ended."""
        start = (first - EPOCH).days * MILLISECONDS_PER_DAY
        if not self._exchange.markets:
            self.markets()
        candles = self._asked(pair, lambda: self._exchange.fetch_ohlcv(pair, "1d", start, LIMIT))
        return self._answer(f"fetch_ohlcv {pair} 1d from {first}", candles)

    def _asked(self, what: str, call: Callable[[], Any]) -> Any:
        def attempt() -> Any:
            try:
                return call()
            except self._errors.NetworkError as error:
                headers = self._exchange.last_response_headers or {}
                raise try_again(f"{self.name}, {what}: {_words(error)}", headers) from error
            except self._errors.BaseError as error:
                raise DataError(
                    f"{self.name}, {what}: {_words(error)}. What was fetched is kept. "
                    "Does this exchange serve your country, and have this pair?"
                ) from error

        return patiently(attempt, self._sleep)

    def _answer(self, what: str, content: Any) -> Answer:
        return Answer(body=json.dumps(content).encode(), url=f"ccxt {self.name} {what}", etag=None, retrieved_at=now())


def ccxt_class(name: str) -> Any:
    """The class of an exchange. ccxt is an optional extra, and takes a second to import: so it is, where it is used.

    Raises
    ------
    DataError
        If ccxt is not installed, or has no such exchange.
    """
    try:
        ccxt = importlib.import_module("ccxt")
    except ImportError as error:
        raise DataError(
            'exchanges are asked through ccxt, which is not installed. Install it: pip install -e ".[exchange]"'
        ) from error
    if name not in ccxt.exchanges:
        raise DataError(f"ccxt knows no exchange {name!r}: {suggest(name, ccxt.exchanges)}.")
    return getattr(ccxt, name)


def _elsewhere(urls: Any, base: str) -> Any:
    """The addresses of an exchange, with another server in the place of its own."""
    if isinstance(urls, dict):
        return {name: _elsewhere(url, base) for name, url in urls.items()}
    there = urlsplit(base)
    return urlunsplit(urlsplit(str(urls))._replace(scheme=there.scheme, netloc=there.netloc))


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
