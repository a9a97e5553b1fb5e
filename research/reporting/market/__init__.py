"""What the market review shows: what there is, who came and went, what is doubtful and what it did, what is large."""
