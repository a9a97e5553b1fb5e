"""Who may be a member."""

from __future__ import annotations

from dataclasses import dataclass

from research.errors import shown
from research.rulebook.checks import ASSETS, DAYS, names_listed, numbers, require, shares, whole_numbers


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
    turnover_band : (float, float), from [0, 1) and (0, 100]
        Bounds for the 30-day median volume divided by the day's market cap: a tiny value marks a bogus supply,
        a huge one wash trading.
    max_stale_days : int, optional
        At most so many identical closes in a row, today's included.
    max_supply_jump : float in (0, 3], optional
        Largest daily change of the log of the supply (market cap / price) allowed within the last seven days: a jump
        keeps an asset out until the new supply has stood for seven days.
    exclude_pegged : tuple of str
        Prices that an asset must not be pegged to: "usd" is one dollar, everything else an asset_id of the snapshot
        (a gold token, a euro coin, bitcoin). Found by price, not by tag: see
        `research.point_in_time.pegged_and_wrapped`.
    exclude_copies_of : int or tuple of str
        An asset whose returns are those of a larger one (wrapped and staked tokens) is not eligible: the larger ones
        are the assets listed here, or the so many largest by market cap. See
        `research.point_in_time.pegged_and_wrapped`.
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
        whole_numbers(self, "min_history_days", at_least=0)
        names_listed(self, "exclude_tags", "include_tags", "exclude_pegged")
        both = sorted(set(self.exclude_tags) & set(self.include_tags))
        require(not both, f"tags {both} are both included and excluded. Keep them in one list.")
        shares(self, "min_valid_share", "incumbent_relief")
        shares(self, "min_volume_quantile", above=0, below=1)
        numbers(self, "min_market_cap", "min_volume", above=0)
        if self.turnover_band is not None:
            low, high = self.turnover_band
            require(
                0 <= low < min(high, 1) and high <= 100,
                f"turnover_band = [{low}, {high}]: expected 0 <= low < high, low below 1 and high at most 100; "
                "3 is 300 % of the market cap in a day.",
            )
        whole_numbers(self, "max_stale_days", at_most=90)
        numbers(self, "max_supply_jump", above=0, at_most=3)
        if isinstance(self.exclude_copies_of, int):
            whole_numbers(self, "exclude_copies_of", at_most=ASSETS)
        else:
            names_listed(self, "exclude_copies_of")
        window = self.valid_share_window
        require(
            window == "month" or (isinstance(window, int) and not isinstance(window, bool) and 1 <= window <= DAYS),
            f"valid_share_window = {shown(window)}: expected a number of days from 1 to {DAYS:,}, or 'month'.",
        )
