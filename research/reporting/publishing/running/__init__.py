"""Notebooks executed, verified and rendered in processes of their own; nothing is published here."""
