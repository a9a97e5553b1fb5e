"""What the factsheet shows: tables, prose, and the rulebook in words."""
