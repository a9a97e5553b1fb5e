"""What is proposed for a person to edit: a first profile, and lines for a table of identities."""
