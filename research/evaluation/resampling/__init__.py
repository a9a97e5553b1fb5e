"""Histories drawn again from the one there was: intervals of any figure, and what to expect."""
