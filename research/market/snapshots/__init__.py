"""Snapshots on disk: written in one step, verified when opened, loaded into panels."""
