"""Figures, tables and texts for notebooks, and the runner that turns notebooks into published pages.

    figures, tables, texts, display   what a notebook shows (none of them computes a statistic)
    config, parameters                what `reports.toml` says, checked against the notebooks
    execution, rendering              one notebook -> executed and verified -> one self-contained page
    build, site                       all of them, one build at a time, published by rename, with an index page
    provenance                        which data, code and versions a page was made from

Nothing is imported here, so that the command line starts quickly and a kernel loads only what its notebook uses.
"""
