"""What to hold, decided from what is known at one close: screens, ranks, selection, target weights, overlay."""
