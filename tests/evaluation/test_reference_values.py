"""Every value of ../shared/reference that names a figure built here, to 1e-10; the others are listed with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from research import evaluation as ev
from tests.conftest import SHARED, shared

EXACT = 1e-10
Data = dict[str, pd.Series]


def managers() -> Data:
    table = pd.read_csv(shared("reference/managers.csv"), index_col="date", parse_dates=True)
    return {"H": table["HAM1"], "B": table["SP500 TR"], "rf": table["US 3m TR"]}


def _downturns(returns: pd.Series) -> pd.Series:
    return ev.drawdown_table(returns)["depth"]


OWN: dict[str, Callable[[pd.Series], Any]] = {
    "mean": lambda r: ev.alpha_test(r, periods_per_year=1)["alpha"],
    "sd": lambda r: ev.annualized_volatility(r, periods_per_year=1),
    "cumulative": ev.total_return,
    "ann_return_geo": lambda r: ev.cagr(r, periods_per_year=12),
    "ann_return_arith": lambda r: ev.alpha_test(r, periods_per_year=12)["alpha"],
    "ann_sd": lambda r: ev.annualized_volatility(r, periods_per_year=12),
    "sharpe_ann_geo_rf0": lambda r: ev.cagr_to_volatility(r, periods_per_year=12),
    "sharpe_ann_arith_rf0": lambda r: ev.sharpe_ratio(r, periods_per_year=12),
    "sharpe_per_period": lambda r: ev.sharpe_ratio(r, periods_per_year=1),
    "downside_dev_full_mar0": lambda r: ev.downside_deviation(r, periods_per_year=1),
    "sortino_mar0": lambda r: ev.sortino_ratio(r, periods_per_year=1),
    "semidev": lambda r: ev.semi_deviation(r, periods_per_year=1),
    "omega_L0": ev.omega_ratio,
    "bernardo_ledoit": ev.omega_ratio,
    "skew_moment": ev.skewness,
    "kurt_excess": ev.excess_kurtosis,
    "maxdd": lambda r: -ev.max_drawdown(r),
    "calmar": lambda r: ev.calmar_ratio(r, periods_per_year=12),
    "adj_sharpe": lambda r: ev.adjusted_sharpe_ratio(r, periods_per_year=12),
    "var95_historical": ev.value_at_risk,
    "var99_historical": lambda r: ev.value_at_risk(r, confidence=0.99),
    "es95_historical": ev.expected_shortfall,
    "var95_gaussian": lambda r: ev.value_at_risk(r, method="gaussian"),
    "var99_gaussian": lambda r: ev.value_at_risk(r, method="gaussian", confidence=0.99),
    "es95_gaussian": lambda r: ev.expected_shortfall(r, method="gaussian"),
    "var95_modified": lambda r: ev.value_at_risk(r, method="modified"),
    "var99_modified": lambda r: ev.value_at_risk(r, method="modified", confidence=0.99),
    "es95_modified": lambda r: ev.expected_shortfall(r, method="modified"),
    "avg_dd": lambda r: -_downturns(r).mean(),
    "avg_dd_len": lambda r: ev.drawdown_table(r)["periods"].mean(),
    "dd_deviation": lambda r: np.sqrt((_downturns(r) ** 2).sum() / len(r)),
    "psr_ref0_full": lambda r: ev.probabilistic_sharpe(r, periods_per_year=12),
    "mintrl_ref0_full": lambda r: ev.minimum_track_record(r, periods_per_year=12),
    "ulcer_exact": ev.ulcer_index,
    "pain_exact": lambda r: -ev.drawdown_series(r).mean(),
}

PAIR: dict[str, Callable[[pd.Series, pd.Series], Any]] = {
    "beta": ev.beta,
    "alpha": lambda r, b: ev.jensen_alpha(r, b, periods_per_year=1),
    "beta_bull": ev.up_beta,
    "beta_bear": ev.down_beta,
    "timing": lambda r, b: ev.up_beta(r, b) / ev.down_beta(r, b),
    "jensen": lambda r, b: ev.jensen_alpha(r, b, method="geometric", periods_per_year=12),
    "te": lambda r, b: ev.tracking_error(r, b, periods_per_year=12),
    "active_premium": lambda r, b: ev.active_return(r, b, periods_per_year=12),
    "ir": lambda r, b: ev.information_ratio(r, b, periods_per_year=12),
    "cor": ev.correlation,
    "capture_up": lambda r, b: ev.up_capture(r, b, method="ratio_of_sums"),
    "capture_down": lambda r, b: ev.down_capture(r, b, method="ratio_of_sums"),
    "percent_up": lambda r, b: ev.batting_average(r[b > 0], b[b > 0]),
    "percent_down": lambda r, b: ev.batting_average(r[b < 0], b[b < 0]),
    "number_up": lambda r, b: ev.share_positive(r[b > 0]),
    "number_down": lambda r, b: ev.share_positive(-r[b < 0]),
    "nw_tstats_lag3[(Intercept)]": lambda r, b: ev.alpha_test(r, b, lags=3, periods_per_year=12)["t_statistic"],
    "nw_tstats_lag3[as.numeric(managers[, 8])]": lambda r, b: ev.alpha_test(r, b, lags=3, periods_per_year=12)[
        "beta_t_statistic"
    ],
}

SINGLE: dict[str, Callable[[Data], Any]] = {
    "HAM1.mean_nw_t_lag5": lambda d: ev.alpha_test(d["H"], lags=5, periods_per_year=12)["t_statistic"],
    "HAM1.beta_excess_rf": lambda d: ev.beta(d["H"], d["B"], risk_free=d["rf"]),
    "HAM1.sharpe_excess_rf": lambda d: ev.sharpe_ratio(d["H"], risk_free=d["rf"], periods_per_year=1),
    "HAM1.sharpe_ann_rf": lambda d: ev.cagr_to_volatility(d["H"], risk_free=d["rf"], periods_per_year=12),
}

HARVEY_LIU = [0.005, 0.009, 0.0128, 0.0135, 0.045, 0.06]
for _place in range(6):
    for _name, _method in {"holm": "holm", "BHY": "bhy"}.items():
        SINGLE[f"harveyliu.{_name}[{_place + 1}]"] = lambda d, m=_method, p=_place: ev.adjust_pvalues(
            HARVEY_LIU, method=m
        ).iloc[p]


def _deflated(trials: int) -> float:
    """Probability that the skill is real in the example of the paper: 2.5 a year, 250 periods, 1,250 observations."""
    reference = ev.expected_maximum_sharpe(trials, 0.5 / 250)
    return float(ev.sharpe_probability(2.5 / np.sqrt(250), reference, observations=1250, skewness=-3.0, kurtosis=10.0))


for _trials in (10, 46):
    SINGLE[f"dsr.N{_trials}[1|max.Sharpe]"] = lambda d, n=_trials: ev.expected_maximum_sharpe(n, 1.0)
    SINGLE[f"dsr.N{_trials}[1|p.value]"] = lambda d, n=_trials: 1.0 - _deflated(n)
    SINGLE[f"dsr.N{_trials}[1|deflated.Sharpe]"] = lambda d, n=_trials: 2.5 * _deflated(n)

LEFT_OUT = {  # suffix or id -> reason
    "downside_dev_subset_mar0": "another convention (denominator: the returns below); ours divides by all",
    "upside_potential_mar0": "not a figure of this project",
    "skew_sample": "another convention (small-sample factor)",
    "kurt_sample_excess": "another convention (small-sample factor)",
    "sterling": "not a figure of this project",
    "burke": "not a figure of this project",
    "avg_recovery": "counts periods after the trough; our table gives calendar days",
    "cdd_95": "not a figure of this project",
    "hurst_rs": "a signal feature (research.signals), not evaluation",
    "kappa3_mar0": "not a figure of this project",
    "rachev_10_10": "not a figure of this project",
    "kelly_half": "not a figure of this project",
    "volskew": "not a figure of this project",
    "ac1_6_LjungBox_p": "not a figure of this project",
    "acf1": "not a figure of this project",
    "treynor": "not a figure of this project",
    "m2": "not a figure of this project",
    "appraisal": "not a figure of this project",
    "fama_beta": "not a figure of this project",
    "systematic_risk": "not a figure of this project",
    "specific_risk": "not a figure of this project",
    "coskew": "not a figure of this project",
    "cokurt": "not a figure of this project",
    "nw_se_lag3_adj[(Intercept)]": "another convention (small-sample correction); ours has none",
    "nw_se_lag3_adj[as.numeric(managers[, 8])]": "another convention (small-sample correction); ours has none",
    "dsr.N10[1|obs.Sharpe]": "an input repeated",
    "dsr.N46[1|obs.Sharpe]": "an input repeated",
    "dsr.N10[1|nTrials]": "an input repeated",
    "dsr.N46[1|nTrials]": "an input repeated",
}
LEFT_OUT_FAMILIES = {
    "ttr.": "technical indicators: research.signals",
    "port_edhec_": "portfolios between rebalances: research.index",
}


def _figure(name: str) -> Callable[[Data], Any] | None:
    if name in SINGLE:
        return SINGLE[name]
    series, _, suffix = name.partition(".")
    if series in ("HAM1", "SP500") and suffix in OWN:
        return lambda d: OWN[suffix](d["H" if series == "HAM1" else "B"])
    if series == "HAM1_vs_SP500" and suffix in PAIR:
        return lambda d: PAIR[suffix](d["H"], d["B"])
    return None


def _reference() -> pd.Series:
    file = SHARED / "reference/reference_values.csv"
    return pd.read_csv(file, index_col="id")["value"] if file.exists() else pd.Series(dtype=float)


BUILT = [name for name in _reference().index if _figure(name) is not None]


@pytest.mark.parametrize("name", BUILT)
def test_figure_equals_the_independent_program(name: str) -> None:
    figure = _figure(name)
    assert figure is not None
    assert float(figure(managers())) == pytest.approx(_reference()[name], abs=EXACT, rel=EXACT)


def test_every_reference_value_is_reproduced_or_left_out_with_a_reason() -> None:
    shared("reference/reference_values.csv")
    names = set(_reference().index) - set(BUILT)
    excused = {
        name
        for name in names
        if name in LEFT_OUT or name.partition(".")[2] in LEFT_OUT or name.startswith(tuple(LEFT_OUT_FAMILIES))
    }
    assert names - excused == set()
    assert len(BUILT) >= 100
    used = {key for key in LEFT_OUT if any(name == key or name.partition(".")[2] == key for name in names)}
    assert set(LEFT_OUT) - used == set(), "an excuse for something that is not there any more"


def _known(identity: str) -> dict[str, Any]:
    answers = json.loads(shared("reference/known_answers.json").read_text())
    return next(answer for answer in answers if answer["id"] == identity)


def test_deflated_sharpe_of_the_paper() -> None:
    case = _known("dsr.paper")
    answer, inputs = case["answer"], case["inputs"]
    reference = ev.expected_maximum_sharpe(inputs["N"], inputs["V_ann"] / inputs["q"])
    assert reference == pytest.approx(answer["SR0_per_obs"], abs=case["tol"])
    assert _deflated(inputs["N"]) == pytest.approx(answer["DSR"], abs=case["tol"])
    assert _deflated(46) == pytest.approx(answer["DSR_N46"], abs=case["tol"])
    normal = ev.sharpe_probability(
        inputs["SR_ann"] / np.sqrt(inputs["q"]),
        ev.expected_maximum_sharpe(88, inputs["V_ann"] / inputs["q"]),
        observations=inputs["T"],
        skewness=0.0,
        kurtosis=3.0,
    )
    assert normal == pytest.approx(answer["DSR_N88_normal"], abs=case["tol"])


@pytest.mark.parametrize("identity", ["mintrl.daily_normal", "mintrl.weekly_hf"])
def test_minimum_track_record_of_the_paper(identity: str) -> None:
    case = _known(identity)
    inputs, answer = case["inputs"], case["answer"]
    scale = np.sqrt(inputs["q"])
    needed = ev.observations_needed(
        inputs["SR_ann"] / scale,
        inputs["ref_ann"] / scale,
        skewness=inputs["skew"],
        kurtosis=inputs["kurt"],
        confidence=inputs["conf"],
    )
    assert needed / inputs["q"] == pytest.approx(answer["years"], abs=case["tol"])


@pytest.mark.parametrize(("method", "name"), [("bonferroni", "bonferroni"), ("holm", "holm"), ("bhy", "BHY")])
def test_adjusted_pvalues_of_harvey_and_liu(method: str, name: str) -> None:
    case = _known("harveyliu.pvals")
    shuffled = pd.Series(case["inputs"]["p"]).sample(frac=1.0, random_state=1)
    adjusted = ev.adjust_pvalues(shuffled, method=method).sort_index()
    assert adjusted.to_list() == pytest.approx(case["answer"][name], abs=case["tol"])


def test_geometric_capture_is_the_annualised_one_with_monthly_returns_and_twelve() -> None:
    data = managers()
    value = ev.up_capture(data["H"], data["B"], method="geometric", periods_per_year=12)
    assert value == pytest.approx(0.5923, abs=5e-5)  # SPEC section 8


def test_deflation_of_a_series_uses_its_own_moments() -> None:
    returns = managers()["H"]
    deflated = ev.deflated_sharpe(returns, trials=20, sharpe_variance=0.25, periods_per_year=12)
    by_hand = ev.sharpe_probability(
        _reference()["HAM1.sharpe_per_period"],
        ev.expected_maximum_sharpe(20, 0.25 / 12),
        observations=132,
        skewness=_reference()["HAM1.skew_moment"],
        kurtosis=_reference()["HAM1.kurt_excess"] + 3.0,
    )
    assert deflated == pytest.approx(by_hand, abs=EXACT)
    assert deflated < ev.probabilistic_sharpe(returns, periods_per_year=12)
