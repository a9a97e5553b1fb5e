"""Many series at once: which is better, and do we know; which suits whom; what a search does to its best."""
