"""Figures, tables and texts for notebooks, and the runner that turns notebooks into published pages.

    presentation                  tables, figures, formats, and what puts them on screen: shared by all pages
    factsheet, audit, evaluation, signals, market
                                  what one page shows, by page
    publishing                    reports.toml -> executed and verified notebooks -> HTML, one build at a time

Nothing here computes a statistic. Nothing is imported here, so that the command line starts quickly and a kernel loads
only what its notebook uses.
"""
