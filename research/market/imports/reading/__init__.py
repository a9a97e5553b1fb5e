"""A vendor's files -> typed rows, kept so that those of one key can be had together."""
