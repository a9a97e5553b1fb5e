"""What a profile is: its sections, what it says of assets and dates, and the whole, read from a TOML file."""
