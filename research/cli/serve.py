"""`research serve`."""

from __future__ import annotations

import argparse
import importlib.util
import os
import secrets
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from research.cli.terminal import at_least_one, say
from research.errors import ReportError

GRACE = 20  # seconds for answers under way when the service is stopped
LOG = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": "%(levelname)s %(message)s",
            "rename_fields": {"levelname": "level"},
            "timestamp": "time",
        },
        "line": {"format": "%(message)s"},  # JSON already
    },
    "handlers": {
        name: {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": name}
        for name in ("json", "line")
    },
    "loggers": {
        "uvicorn": {"handlers": ["json"], "level": "INFO"},
        "research.service": {"handlers": ["line"], "level": "INFO"},
    },
}
EXTRA = ("fastapi", "uvicorn", "fastapi_offline", "limits", "cachetools", "prometheus_client", "pythonjsonlogger")


def add_commands(rooms: Any) -> None:
    """Add `research serve` to the parser's commands."""
    serve = rooms.add_parser("serve", help="hand published pages and numbers to other programs over HTTP, read-only")
    serve.add_argument("--site", type=Path, metavar="DIR", help="the published folder (default: reports/site)")
    serve.add_argument("--snapshot", metavar="SNAPSHOT", help="the site of this market, reports/markets/NAME/site")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen at (default: this machine alone)")
    serve.add_argument("--port", type=_port, default=8000, help="0: one that is free (default: 8000)")
    serve.add_argument("--workers", type=at_least_one, default=1, metavar="N", help="processes (default: 1)")
    serve.add_argument("--require-key", action="store_true", help="answer those alone who send a key")
    serve.add_argument("--keys", type=Path, metavar="FILE", help="hashed keys; RESEARCH_SERVE_KEYS may hold them too")
    serve.add_argument("--new-key", metavar="LABEL", help="print a new key and its line for FILE, and end")
    serve.add_argument(
        "--rate", type=_count, default=600, metavar="N", help="requests a minute of a key or address; 0: any"
    )
    serve.add_argument("--cors", action="append", default=[], metavar="ORIGIN", help="pages from there may ask too")
    serve.add_argument(
        "--behind", metavar="ADDRESSES", help="proxies whose X-Forwarded-For is believed, e.g. 127.0.0.1"
    )
    serve.set_defaults(run=_serve)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def _port(text: str) -> int:
    if _count(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is beyond 65535")
    return int(text)


def _serve(options: argparse.Namespace) -> int:
    missing = [name for name in EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise ReportError(f'`research serve` needs {", ".join(missing)}: pip install -e ".[serve]" installs them.')
    with tempfile.TemporaryDirectory(prefix="research-serve-") as shared:
        if options.workers > 1:  # before prometheus_client is imported: workers count together in these files
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared
        from research.service import guard

        if options.new_key:
            key = secrets.token_urlsafe(32)
            line = f"{options.new_key}:{guard.digest_of_key(key.encode())}"
            guard.parse_keys(line, "--new-key")
            say(key)
            say(line)
            return 0
        settings = _settings(options)
        if not guard.known_keys(options.keys)() and options.require_key:
            raise ReportError(f"--require-key, but no key is known: give --keys FILE, or set {guard.KEYS}.")
        os.environ[guard.SETTINGS] = guard.Settings(**settings).model_dump_json()
        _run(options)
    return 0


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """What the workers are told, checked before any of them starts."""
    from research.reporting.publishing.plan import Elsewhere
    from research.reporting.publishing.site.manifest import MANIFEST, read_manifest

    site = Path(options.site or Elsewhere.of(options.snapshot, None).site(Path("reports/reports.toml"))).resolve()
    if not (site / MANIFEST).is_file():
        print(f"note: nothing is published in {site} yet; it is served as soon as there is.", file=sys.stderr)
    read_manifest(site)
    keys = options.keys.resolve() if options.keys else None
    return {"site": site, "keys": keys} | {name: getattr(options, name) for name in ("require_key", "rate", "cors")}


def _run(options: argparse.Namespace) -> None:
    """Answer until SIGTERM or SIGINT; what has been asked by then is answered."""
    import uvicorn

    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # uvicorn takes it meanwhile, and raises it again at its end
    uvicorn.run(
        "research.service.app:create_app",
        factory=True,
        host=options.host,
        port=options.port,
        workers=options.workers,
        proxy_headers=bool(options.behind),
        forwarded_allow_ips=options.behind,
        server_header=False,
        access_log=False,
        log_config=LOG,
        timeout_graceful_shutdown=GRACE,
    )
