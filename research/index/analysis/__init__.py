"""What a finished index is asked: audit tables, reasons, attribution, capacity, caveats. Nothing here changes it."""
