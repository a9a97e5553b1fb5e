"""Numbers in, numbers out: performance, risk and skill of return series. Knows nothing of assets or files.

Functions take simple returns (a Series, or a DataFrame by column) unless their name or first parameter says `level`.
`returns_from_levels` is the way from prices to returns.
"""

from inspect import isfunction

from research.evaluation._docs import complete
from research.evaluation.changes.structural_breaks import structural_breaks
from research.evaluation.comparisons.comparison import compare
from research.evaluation.comparisons.confidence_set import best_of_many, none_beats
from research.evaluation.comparisons.investor_profiles import PROFILES, match_profile
from research.evaluation.comparisons.main_effects import main_effects, means_by_value
from research.evaluation.comparisons.overfitting import (
    TrialRegistry,
    overfitting_splits,
    overfitting_test,
    probability_of_backtest_overfitting,
)
from research.evaluation.drawdowns import current_drawdown, drawdown_series, drawdown_table, max_drawdown
from research.evaluation.factors import FactorRegression, factor_regression, rolling_alpha, timing_tests
from research.evaluation.inference import adjust_pvalues, alpha_test, years_to_distinguish
from research.evaluation.intervals import self_normalised_interval
from research.evaluation.metrics import (
    adjusted_sharpe_ratio,
    annualized_volatility,
    cagr,
    cagr_to_volatility,
    calmar_ratio,
    downside_deviation,
    ewma_volatility,
    excess_kurtosis,
    martin_ratio,
    omega_ratio,
    returns_from_levels,
    semi_deviation,
    sharpe_ratio,
    skewness,
    sortino_ratio,
    total_return,
    ulcer_index,
)
from research.evaluation.overview import (
    Headline,
    Skill,
    alpha_table,
    headline_figures,
    rebased,
    relative_table,
    skill_figures,
    tail_table,
    worst_days,
)
from research.evaluation.periods import best_and_worst, calendar_table, period_returns, resample_returns, share_positive
from research.evaluation.red_flags import find_red_flags, red_flag_rules
from research.evaluation.regimes import (
    cycle_regimes,
    drawdown_by_cycle,
    market_cycles,
    performance_by_regime,
    trend_regimes,
    volatility_regimes,
)
from research.evaluation.relative import (
    active_return,
    batting_average,
    beta,
    correlation,
    down_beta,
    down_capture,
    information_ratio,
    jensen_alpha,
    r_squared,
    tracking_error,
    up_beta,
    up_capture,
)
from research.evaluation.resampling.bootstrap import bootstrap_interval, bootstrap_intervals, optimal_block_length
from research.evaluation.resampling.forecasts import expectations, forecast_calibration, forecast_record
from research.evaluation.rolling import (
    rolling_beta,
    rolling_returns,
    rolling_sharpe,
    rolling_summary,
    rolling_tracking_error,
    rolling_volatility,
)
from research.evaluation.sharpe import (
    deflated_sharpe,
    expected_maximum_sharpe,
    minimum_track_record,
    observations_needed,
    probabilistic_sharpe,
    sharpe_probability,
)
from research.evaluation.skill.calls import brier_score, hit_rate, reliability_table
from research.evaluation.skill.quantile_spread import (
    quantile_spread,
    score_weighted_return,
    spread_at_ic,
    spread_summary,
)
from research.evaluation.skill.rank_ic import ic_by_label, ic_power, ic_summary, rank_ic
from research.evaluation.skill.reliability import forecast_reliability, sharpe_error
from research.evaluation.skill.week_tests import mean_test, skill_verdict
from research.evaluation.summary import performance_summary, performance_values
from research.evaluation.tail_checks import conditional_drawdown, distribution_lines, tail_dependence, var_backtests
from research.evaluation.tails import expected_shortfall, tail_ratio, tail_reason, value_at_risk, worst_periods
from research.evaluation.verdicts import difference_test, verdict_of

__all__ = [
    "PROFILES",
    "FactorRegression",
    "Headline",
    "Skill",
    "TrialRegistry",
    "active_return",
    "adjust_pvalues",
    "adjusted_sharpe_ratio",
    "alpha_table",
    "alpha_test",
    "annualized_volatility",
    "batting_average",
    "best_and_worst",
    "best_of_many",
    "beta",
    "bootstrap_interval",
    "bootstrap_intervals",
    "brier_score",
    "cagr",
    "cagr_to_volatility",
    "calendar_table",
    "calmar_ratio",
    "compare",
    "conditional_drawdown",
    "correlation",
    "current_drawdown",
    "cycle_regimes",
    "deflated_sharpe",
    "difference_test",
    "distribution_lines",
    "down_beta",
    "down_capture",
    "downside_deviation",
    "drawdown_by_cycle",
    "drawdown_series",
    "drawdown_table",
    "ewma_volatility",
    "excess_kurtosis",
    "expectations",
    "expected_maximum_sharpe",
    "expected_shortfall",
    "factor_regression",
    "find_red_flags",
    "forecast_calibration",
    "forecast_record",
    "forecast_reliability",
    "headline_figures",
    "hit_rate",
    "ic_by_label",
    "ic_power",
    "ic_summary",
    "information_ratio",
    "jensen_alpha",
    "main_effects",
    "market_cycles",
    "martin_ratio",
    "match_profile",
    "max_drawdown",
    "mean_test",
    "means_by_value",
    "minimum_track_record",
    "none_beats",
    "observations_needed",
    "omega_ratio",
    "optimal_block_length",
    "overfitting_splits",
    "overfitting_test",
    "performance_by_regime",
    "performance_summary",
    "performance_values",
    "period_returns",
    "probabilistic_sharpe",
    "probability_of_backtest_overfitting",
    "quantile_spread",
    "r_squared",
    "rank_ic",
    "rebased",
    "red_flag_rules",
    "relative_table",
    "reliability_table",
    "resample_returns",
    "returns_from_levels",
    "rolling_alpha",
    "rolling_beta",
    "rolling_returns",
    "rolling_sharpe",
    "rolling_summary",
    "rolling_tracking_error",
    "rolling_volatility",
    "score_weighted_return",
    "self_normalised_interval",
    "semi_deviation",
    "share_positive",
    "sharpe_error",
    "sharpe_probability",
    "sharpe_ratio",
    "skewness",
    "skill_figures",
    "skill_verdict",
    "sortino_ratio",
    "spread_at_ic",
    "spread_summary",
    "structural_breaks",
    "tail_dependence",
    "tail_ratio",
    "tail_reason",
    "tail_table",
    "timing_tests",
    "total_return",
    "tracking_error",
    "trend_regimes",
    "ulcer_index",
    "up_beta",
    "up_capture",
    "value_at_risk",
    "var_backtests",
    "verdict_of",
    "volatility_regimes",
    "worst_days",
    "worst_periods",
    "years_to_distinguish",
]

for _public in filter(isfunction, [globals()[_name] for _name in __all__]):
    complete(_public)


def __dir__() -> list[str]:
    return __all__
