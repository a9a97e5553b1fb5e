"""Whether a kernel's outputs become a page."""

VARIABLE = "RESEARCH_FOR_A_PAGE"
"""Environment variable of such a kernel: it shows figures as drawings that follow the page, not as pictures."""
