"""What pages and other programs are given of an index: tables, facts, the numbers of its first look."""
