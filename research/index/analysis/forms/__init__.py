"""The forms in which an index is handed out: a card, a drawing, files, a token."""
