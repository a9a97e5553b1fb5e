"""What it costs to trade an index, and how much money it can take."""
