"""What is held and how it changes: trades, costs, forced sales, and what calls for a decision out of turn."""
