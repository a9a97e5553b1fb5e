"""What the page on the sensitivity to the rules shows: outcomes of all variants, and which choice makes them."""
