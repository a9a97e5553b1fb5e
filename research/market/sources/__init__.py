"""Public market data, fetched: the one room that opens a connection. What it fetches goes through the ordinary import.

`client.py` asks one server politely; `downloads.py` keeps raw answers, so that a run carries on where another stopped;
`coinmetrics.py`, `coingecko.py` and `exchange.py` know one source each; `fetch.py` puts the steps together.
"""
