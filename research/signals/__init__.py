"""Market -> features -> bullish, neutral or bearish per token and date. Not built yet: the room keeps its place."""
