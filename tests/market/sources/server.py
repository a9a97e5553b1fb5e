"""A server on this machine that answers as the real ones do, with their faults on demand.

Coin Metrics: `/csv/NAME.csv`, `/git/trees/master`. CoinGecko: `/coins/list`, `/coins/markets` and
`/coins/ID/market_chart`. An exchange as ccxt's binance asks it: `/api/v3/exchangeInfo`, `/api/v3/klines`. Shapes are
those that `research/market/sources` names the pages of; the numbers are made up.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

DAY_MS = 86_400_000
TODAY = dt.datetime.now(dt.UTC).date()
EPOCH = dt.date(1970, 1, 1)


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False  # the header promises more than comes


Fault = Callable[[str, dict[str, str]], Reply | None]  # path, headers -> an answer in the place of the right one


@dataclass
class Vendor:
    """What the server has, what it was asked, and what is to go wrong."""

    files: dict[str, bytes] = field(default_factory=dict)
    coins: list[str] = field(default_factory=list)
    candles: dict[str, tuple[dt.date, dt.date]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""
    slow: float = 0.0

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def once(self, reply: Reply, where: str = "") -> None:
        self.always(reply, where, times=1)

    def always(self, reply: Reply, where: str = "", times: int = 10**9) -> None:
        left = [times]

        def fault(path: str, headers: dict[str, str]) -> Reply | None:
            if where in path and left[0] > 0:
                left[0] -= 1
                return reply
            return None

        self.faults.append(fault)

    def answer(self, path: str, headers: dict[str, str]) -> Reply:
        self.asked.append((path, headers))
        for fault in self.faults:
            reply = fault(path, headers)
            if reply is not None:
                return reply
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self._body(unquote(parts.path), query)
        if body is None:
            return Reply(404, b'{"error":"coin not found"}')
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        if headers.get("If-None-Match") == etag:
            return Reply(304, headers={"ETag": etag})
        return Reply(200, body, {"ETag": etag})

    def _body(self, path: str, query: dict[str, str]) -> bytes | None:
        if path.startswith("/csv/"):
            return self.files.get(path.removeprefix("/csv/"))
        if path == "/git/trees/master":
            tree = [{"path": f"csv/{name}", "type": "blob"} for name in sorted(self.files)]
            return json.dumps({"tree": [{"path": "README.md"}, *tree], "truncated": False}).encode()
        if path == "/coins/list":
            return json.dumps([self._coin(coin) for coin in self.coins]).encode()
        if path == "/coins/markets":
            return json.dumps(self._markets(query)).encode()
        if path.startswith("/coins/") and path.endswith("/market_chart"):
            coin = path.split("/")[2]
            return market_chart(coin, query["days"]) if coin in self.coins else None
        if path == "/api/v3/exchangeInfo":
            return json.dumps({"symbols": [binance_symbol(pair) for pair in self.candles], "rateLimits": []}).encode()
        if path == "/api/v3/klines":
            return self._klines(query)
        return None

    def _coin(self, coin: str) -> dict[str, object]:
        return {"id": coin, "symbol": coin[:4], "name": coin.title()}

    def _markets(self, query: dict[str, str]) -> list[dict[str, object]]:
        coins = [coin for coin in self.coins if "category" not in query or coin in query["category"]]
        size, page = int(query["per_page"]), int(query["page"])
        return [self._coin(coin) | {"market_cap_rank": 1} for coin in coins[(page - 1) * size : page * size]]

    def _klines(self, query: dict[str, str]) -> bytes | None:
        first, last = self.candles[query["symbol"]]
        start = max(first, EPOCH + dt.timedelta(days=int(query["startTime"]) // DAY_MS))
        days = [start + dt.timedelta(days=n) for n in range(int(query["limit"]))]
        return json.dumps([kline(day) for day in days if day <= min(last, TODAY)]).encode()


def market_chart(coin: str, days: str) -> bytes:
    """Daily points of `days` days, each stamped with its midnight, and one of now. Price: days since 1970 + 0.5."""
    count = 4_000 if days == "max" else int(days)
    midnights = [(TODAY - EPOCH).days - n for n in reversed(range(count))]
    now = [(midnights[-1] * DAY_MS + 3_723_000, 999_999.0)]
    prices = [(day * DAY_MS, day + 0.5) for day in midnights] + now
    return json.dumps(
        {
            "prices": prices,
            "market_caps": [(stamp, price * 1_000 * len(coin)) for stamp, price in prices],
            "total_volumes": [(stamp, None if stamp == midnights[0] * DAY_MS else 50.0) for stamp, _ in prices],
        }
    ).encode()


def kline(day: dt.date) -> list[object]:
    """Open 9, high 12, low 6, close = days since 1970 / 1,000, volume 10 coins."""
    number = (day - EPOCH).days
    return [
        number * DAY_MS,
        "9",
        "12",
        "6",
        str(number / 1_000),
        "10",
        number * DAY_MS + DAY_MS - 1,
        "0",
        1,
        "0",
        "0",
        "0",
    ]


def binance_symbol(pair: str) -> dict[str, object]:
    return {
        "symbol": pair,
        "status": "TRADING",
        "baseAsset": pair.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "isSpotTradingAllowed": True,
        "permissions": ["SPOT"],
        "permissionSets": [["SPOT"]],
        "orderTypes": ["LIMIT"],
        "filters": [],
        "quotePrecision": 8,
        "baseAssetPrecision": 8,
    }


def metrics_file(days: int = 400, price: float = 100.0, header: str = "time,CapMrktCurUSD,PriceUSD,SplyCur") -> bytes:
    """A Coin Metrics file that ends yesterday; the price rises by 1 a day."""
    first = TODAY - dt.timedelta(days=days)
    rows = [f"{first + dt.timedelta(days=n)},{(price + n) * 1_000},{price + n},{1_000}" for n in range(days)]
    return "\n".join([header, *rows, ""]).encode()


@contextmanager
def running(vendor: Vendor) -> Iterator[Vendor]:
    """Serve `vendor` at `vendor.url` while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = vendor.answer(self.path, dict(self.headers))
            if vendor.slow:
                threading.Event().wait(vendor.slow)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) + (1_000 if reply.cut else 0)))
            self.end_headers()
            self.wfile.write(reply.body)
            if reply.cut:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: tests read what was asked from the vendor."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that was killed hangs up in the middle of an answer."""

    with Server(("127.0.0.1", 0), Handler) as server:
        vendor.url = f"http://127.0.0.1:{server.server_address[1]}/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield vendor
        finally:
            server.shutdown()
            thread.join()
