"""Skill or luck of an index that follows signals: placebos, simple rivals, exact parts of the difference, a verdict."""
