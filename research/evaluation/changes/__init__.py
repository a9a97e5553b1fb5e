"""Is it still what it was? Where it stands today, breaks at an unknown day, drift of style."""
