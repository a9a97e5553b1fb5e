"""A vendor's files and a profile -> checked rows -> a snapshot. `importer.py` puts the steps together."""
