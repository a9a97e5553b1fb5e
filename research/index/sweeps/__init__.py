"""Many rulebooks on one market at once: the grid they lie on, how they are run, what comes of them."""
