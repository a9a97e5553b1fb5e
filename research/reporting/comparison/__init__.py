"""Tables and prose of the comparison of several indices. Nothing is computed here."""
