"""What the audit page shows: why an asset is in, how a weight came about, costs, variants, risks."""
