"""The quarterly review of an index: words and drawings, as the index page of a site shows them."""
