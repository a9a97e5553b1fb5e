"""Columns of tables that are of several indices."""

from research.index.published.publication_columns import COUNT, DAY, FLAG, POINTS, TEXT

LISTS: dict[str, dict[str, tuple[str, str]]] = {
    "indices": {
        "index": (TEXT, "Name of the report that publishes it."),
        "title": (TEXT, "Name for people."),
        "simulated": (FLAG, "Whether its market never existed."),
        "as_of": (DAY, "Last day of the data."),
        "level": (POINTS, "The index on that day, net of trading costs."),
    },
    "editions": {
        "edition": (TEXT, "Name of an edition."),
        "published": (TEXT, "Instant, ISO 8601 UTC."),
        "digest": (TEXT, "Of what is published in it."),
        "indices": (COUNT, "Indices in it."),
    },
    "compare": {"date": (DAY, "Close of this UTC day. Besides it, a column of index points for each index.")},
}
"""Column -> unit and meaning, of tables that are of several indices; those of one are in `publication_columns.py`."""
