"""The published folder: pages, manifest, index page and editions; what a page says, and what differs between two."""
