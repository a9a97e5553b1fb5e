"""Crypto index research: build indices from point-in-time market data, and evaluate them."""
