"""Whether a kernel's outputs become a page, and of a market whose raw values may not be passed on."""

VARIABLE = "RESEARCH_FOR_A_PAGE"
"""Environment variable of such a kernel: it shows figures as drawings that follow the page, not as pictures."""
WITHHOLDS = "RESEARCH_WITHHOLDS_RAW_VALUES"
"""Environment variable of a kernel that reads such a market: figures come without CSV, tables without raw columns."""
