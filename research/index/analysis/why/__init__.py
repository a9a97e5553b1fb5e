"""What an index holds and why, and where its weights and returns come from."""
