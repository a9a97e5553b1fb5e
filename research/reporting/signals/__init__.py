"""What the signal review shows: tables, figures and texts."""
