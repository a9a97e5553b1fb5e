"""Who may be a member."""

from __future__ import annotations

from dataclasses import dataclass

from research.index.rules.checks import require


@dataclass(frozen=True, kw_only=True)
class Universe:
    """Who may be a member. Every screen reads data up to the determination day; `None` leaves a screen out.

    Attributes
    ----------
    exclude_tags, include_tags : tuple of str
        An asset with one of the first, or with none of the second (where any are given), is not eligible.
    min_history_days : int
        Days since the first price, the determination day included.
    min_valid_share : float in (0, 1], optional
        Share of days with a price (and, with `valid_share_needs_cap`, a market cap) in the window.
    valid_share_window : int or "month"
        Days of that window; "month" is the calendar month of the determination day.
    min_market_cap, min_volume : float, USD
        Market cap of the day; median of the daily traded value of the last 30 days.
    turnover_band : (float, float)
        Bounds for the 30-day median volume divided by the day's market cap: a tiny value marks a bogus supply,
        a huge one wash trading.
    incumbent_relief : float in (0, 1]
        Lower limits are multiplied by it, and the upper one divided by it, for members already in.
    """

    exclude_tags: tuple[str, ...] = ()
    include_tags: tuple[str, ...] = ()
    min_history_days: int = 0
    min_valid_share: float | None = None
    valid_share_window: int | str = 90
    valid_share_needs_cap: bool = False
    min_market_cap: float | None = None
    min_volume: float | None = None
    turnover_band: tuple[float, float] | None = None
    incumbent_relief: float = 1.0

    def __post_init__(self) -> None:
        require(self.min_history_days >= 0, f"min_history_days = {self.min_history_days}: expected 0 or more.")
        both = sorted(set(self.exclude_tags) & set(self.include_tags))
        require(not both, f"tags {both} are both included and excluded. Keep them in one list.")
        share, window = self.min_valid_share, self.valid_share_window
        require(share is None or 0 < share <= 1, f"min_valid_share = {share}: expected a share above 0, at most 1.")
        require(
            window == "month" or (isinstance(window, int) and window >= 1),
            f"valid_share_window = {window!r}: expected a number of days, or 'month'.",
        )
        for name in ("min_market_cap", "min_volume"):
            value = getattr(self, name)
            require(value is None or value > 0, f"{name} = {value}: expected a positive number of USD.")
        if self.turnover_band is not None:
            low, high = self.turnover_band
            require(0 <= low < high, f"turnover_band = [{low}, {high}]: expected 0 <= low < high.")
        require(0 < self.incumbent_relief <= 1, f"incumbent_relief = {self.incumbent_relief}: expected 0 < x <= 1.")
