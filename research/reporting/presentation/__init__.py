"""What every page is made of: tables, figures, number formats, and what puts them on screen."""
