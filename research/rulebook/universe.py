"""Who may be a member."""

from __future__ import annotations

from dataclasses import dataclass

from research.rulebook.checks import require


@dataclass(frozen=True, kw_only=True)
class Universe:
    """Who may be a member. Every screen reads data up to the determination day; `None` leaves a screen out.

    Screens decide at reconstitutions. A rebalance in between weighs the members there are, whatever screens would say.

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
    min_volume_quantile : float in (0, 1), optional
        The mean daily traded value of the last 30 days must reach this quantile of all assets priced on the day.
    turnover_band : (float, float)
        Bounds for the 30-day median volume divided by the day's market cap: a tiny value marks a bogus supply,
        a huge one wash trading.
    max_stale_days : int, optional
        At most so many identical closes in a row, today's included.
    max_supply_jump : float, optional
        Largest daily change of the log of the supply (market cap / price) allowed within the last seven days: a jump
        keeps an asset out until the new supply has stood for seven days.
    exclude_pegged : tuple of str
        Prices that an asset must not be pegged to: "usd" is one dollar, everything else an asset_id of the snapshot
        (a gold token, a euro coin, bitcoin). Found by price, not by tag: see
        `research.index.decisions.pegged_and_wrapped`.
    exclude_copies_of : int or tuple of str
        An asset whose returns are those of a larger one (wrapped and staked tokens) is not eligible: the larger ones
        are the assets listed here, or the so many largest by market cap. See
        `research.index.decisions.pegged_and_wrapped`.
    incumbent_relief : float in (0, 1]
        Lower limits of market cap, volume and turnover are multiplied by it, and the upper limit of turnover is
        divided by it, for members already in.
    """

    exclude_tags: tuple[str, ...] = ()
    include_tags: tuple[str, ...] = ()
    min_history_days: int = 0
    min_valid_share: float | None = None
    valid_share_window: int | str = 90
    valid_share_needs_cap: bool = False
    min_market_cap: float | None = None
    min_volume: float | None = None
    min_volume_quantile: float | None = None
    turnover_band: tuple[float, float] | None = None
    max_stale_days: int | None = None
    max_supply_jump: float | None = None
    exclude_pegged: tuple[str, ...] = ()
    exclude_copies_of: int | tuple[str, ...] = ()
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
        self._check_behaviour()

    def _check_behaviour(self) -> None:
        quantile, stale, jump = self.min_volume_quantile, self.max_stale_days, self.max_supply_jump
        require(
            quantile is None or 0 < quantile < 1, f"min_volume_quantile = {quantile}: expected a share between 0 and 1."
        )
        require(stale is None or 1 <= stale <= 90, f"max_stale_days = {stale}: expected 1 to 90.")
        require(jump is None or jump > 0, f"max_supply_jump = {jump}: expected a positive change of the log supply.")
        copies = self.exclude_copies_of
        require(
            not isinstance(copies, int) or copies >= 1,
            f"exclude_copies_of = {copies}: expected the number of largest assets to compare with, or a list of ids.",
        )
