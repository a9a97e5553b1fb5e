"""Skill or luck: what is asked of an index that follows signals."""
