"""Published numbers for other programs, over HTTP: an optional extra (`serve`) that computes no index."""
