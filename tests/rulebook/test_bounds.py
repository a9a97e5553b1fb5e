"""Numbers are finite and within bounds, misplaced keys are told their place, any file is read or refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from research.errors import MethodologyError, shown, suggest
from research.index import Methodology
from tests.index.markets import rules

MINIMAL = 'name = "Mine"\n[selection]\ncount = 10\n'
LEG = {"stable_leg": ["usd"]}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"overlay": LEG | {"depeg_limit": 15}}, r"depeg_limit = 15\.0: .* 0\.15 is 15 %"),
        ({"overlay": LEG | {"depeg_warning": 1, "depeg_limit": 3}}, r"depeg_warning = 1\.0: .* 0\.01 is 1 %"),
        ({"overlay": LEG | {"volatility_target": 40}}, r"volatility_target = 40\.0: .* 0\.4 is 40 %"),
        ({"overlay": LEG | {"min_trade": 0.5}}, r"min_trade = 0\.5: .* 0\.005 is 0\.5 %"),
        ({"overlay": LEG | {"max_turnover": 20}}, r"0\.2 is 20 %"),
        ({"overlay": LEG | {"neutral": 50}}, r"neutral = 50\.0: .* 0\.5 is 50 %"),
        ({"overlay": LEG | {"volatility_target": 0.4, "max_exposure": 80}}, r"0\.8 is 80 %"),
        ({"overlay": LEG | {"volatility_target": 0.4, "exposure_step": 10}}, r"0\.1 is 10 %"),
        ({"schedule": {"drift_relative": 5}}, r"drift_relative = 5\.0: .* 0\.05 is 5 %"),
        ({"schedule": {"drift_absolute": 2}}, r"0\.02 is 2 %"),
        ({"schedule": {"drift_total": 10}}, r"0\.1 is 10 %"),
        ({"weighting": {"max_weight": 25}}, r"max_weight = 25\.0: .* 0\.25 is 25 %"),
        ({"weighting": {"max_weight_by_rank": [30, 20]}}, r"max_weight_by_rank\[0\] = 30\.0: .* 0\.3 is 30 %"),
        ({"weighting": {"max_group_weight": 40}}, r"0\.4 is 40 %"),
        ({"weighting": {"min_weight": 2}}, r"0\.02 is 2 %"),
        ({"weighting": {"scheme": "liquidity_mix", "liquidity_share": 25}}, r"0\.25 is 25 %"),
        ({"selection": {"rule": "coverage", "coverage": 80}}, r"coverage = 80\.0: .* 0\.8 is 80 %"),
        ({"selection": {"rule": "votes", "count": 5, "approval": 60}}, r"0\.6 is 60 %"),
        ({"selection": {"rule": "votes", "count": 5, "power": "capped", "power_cap": 10}}, r"0\.1 is 10 %"),
        ({"universe": {"min_valid_share": 90}}, r"min_valid_share = 90\.0: .* 0\.9 is 90 %"),
        ({"universe": {"min_volume_quantile": 25}}, r"0\.25 is 25 %"),
        ({"universe": {"incumbent_relief": 80}}, r"0\.8 is 80 %"),
        ({"universe": {"turnover_band": [0.05, 300]}}, r"turnover_band .* 3 is 300 %"),
        ({"universe": {"max_supply_jump": 10}}, "max_supply_jump = 10.0: expected above 0, at most 3"),
        ({"events": {"removal_haircut": 50}}, r"0\.5 is 50 %"),
        ({"events": {"outlier_jump": 50}}, "outlier_jump = 50.0: expected above 0, at most 5"),
    ],
)
def test_a_fraction_given_in_per_cent_is_refused_saying_how_it_is_written(table: dict, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        rules(**table)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"selection": {"count": 5, "rank_by": "market_cap_mean_99999999999d"}}, "at most 10,000"),
        ({"selection": {"count": 5, "rank_by": "market_cap_mean_" + "9" * 9999 + "d"}}, r"is no measure.*"),
        ({"selection": {"count": 5, "rank_by": "market_cap_mean_٣٠d"}}, "is no measure"),
        ({"overlay": LEG | {"max_signal_age_days": 10**30}}, "expected 1 to 10,000"),
        ({"weighting": {"scheme": "signal", "max_signal_age_days": 10**9}}, "expected 1 to 10,000"),
        ({"weighting": {"scheme": "inverse_variance", "lookback_days": 10**9}}, "expected 1 to 10,000"),
        ({"schedule": {"drift_total": 0.1, "cool_down_days": 10**9}}, "expected 0 to 10,000"),
        ({"events": {"remove_after_days": 10**9}}, "expected 0 to 10,000"),
        ({"selection": {"count": 10**400}}, "count = 1000.*…: expected 1 to 100,000"),
        ({"selection": {"count": 5, "exit_rank": 0}}, "exit_rank = 0: expected 1 to 100,000"),
        ({"base_value": float("nan")}, "base_value = nan: expected a finite number"),
        ({"base_value": float("inf")}, "base_value = inf: expected a finite number"),
        ({"base_value": 10**400}, "expected a finite number"),
        ({"base_value": True}, "base_value = True: expected a finite number"),
        ({"costs": {"fee_bps": float("nan")}}, "fee_bps = nan"),
        ({"costs": {"half_spread_bps": float("inf")}}, "half_spread_bps = inf"),
        ({"universe": {"min_market_cap": float("inf")}}, "min_market_cap = inf"),
        ({"universe": {"turnover_band": [0.1, float("inf")]}}, r"turnover_band\[1\] = inf"),
        ({"weighting": {"max_weight": 1e-320}}, "max_weight = 1e-320"),
    ],
)
def test_numbers_that_are_none_or_beyond_all_use_are_refused(table: dict, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        rules(**table)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (MINIMAL + "max_weight = 0.2\n", r"selection: unknown key 'max_weight': it belongs to \[weighting\]"),
        ("max_weight = 0.2\n" + MINIMAL, r"mine\.toml: unknown key 'max_weight': it belongs to \[weighting\]"),
        (MINIMAL + "[weighting]\nfee_bps = 10\n", r"it belongs to \[costs\]"),
        (MINIMAL + "[weighting]\nneutral = 0.5\n", r"it belongs to \[overlay\]"),
        (MINIMAL + "[schedule]\nmax_signal_age_days = 5\n", r"it belongs to \[weighting\] or \[overlay\]"),
        (MINIMAL + "base_value = 100\n", r"it belongs above the first \[section\]"),
        (MINIMAL + "[selection.weighting]\n", r"it is a section of its own, \[weighting\]"),
    ],
)
def test_a_key_in_the_wrong_section_is_told_its_right_one(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(MethodologyError, match=place):
        Methodology.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"x = {'[' * 100_000}", "nested too deeply"),
        (f"x = {'{a=' * 50_000}", "nested too deeply"),
        ("a." * 200_000 + "a = 1", "a key with more than 100 parts"),
        ('"a b" . ' * 200_000 + "a = 1", "a key with more than 100 parts"),
        (f"x = {'9' * 10_000}", "not a valid TOML file"),
        (f"x = 0x{'f' * 10_000}", "unknown key 'x'"),
        (b'name = "\xff\xfe"', "not a valid TOML file: 'utf-8'"),
        (b"\x00", "not a valid TOML file"),
        (b"# " * 6_000_000, "larger than 10,000,000 bytes"),
        (f"{'k' * 100_000} = 1", r"unknown key 'k+…"),
    ],
)
def test_hostile_toml_is_refused_in_words(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(MethodologyError, match=message) as caught:
        Methodology.load(path)
    assert len(str(caught.value)) < 2000


def test_what_is_no_readable_file_is_refused_in_words(tmp_path: Path) -> None:
    pipe, folder, secret = tmp_path / "pipe.toml", tmp_path / "folder.toml", tmp_path / "secret.toml"
    os.mkfifo(pipe)
    folder.mkdir()
    secret.write_text(MINIMAL)
    secret.chmod(0)
    for path in (pipe, folder):
        with pytest.raises(MethodologyError, match="not a regular file"):
            Methodology.load(path)
    if os.geteuid() != 0:  # root reads everything
        with pytest.raises(MethodologyError, match="cannot be read: Permission denied"):
            Methodology.load(secret)
    with pytest.raises(MethodologyError, match="cannot be read: File name too long"):
        Methodology.load("a" * 5000 + ".toml")
    with pytest.raises(MethodologyError, match="null byte"):
        Methodology.load("a\0b.toml")
    for wrong in (None, 3, b"large-cap-10", {"name": "x"}):
        with pytest.raises(MethodologyError, match="expected a shipped name or the path"):
            Methodology.load(wrong)  # type: ignore[arg-type]


def test_a_long_list_of_names_is_cut_to_the_three_nearest() -> None:
    many = [f"asset-{number:04d}" for number in range(20_000)]
    text = suggest("asset-0042x", many)
    assert text.startswith("did you mean 'asset-0042'? Nearest of 20,000: asset-0042, ")
    assert text.count("asset-") == 4
    assert suggest("b", ["a", "b1"]) == "did you mean 'b1'? Known: a, b1"
    assert suggest("x" * 10**6, many).startswith("Nearest of 20,000: ")
    assert suggest("zzz", map(str, range(8))) == "Known: 0, 1, 2, 3, 4, 5, 6, 7"


def test_a_value_in_a_message_is_cut_and_never_an_error_of_its_own() -> None:
    nested: list = []
    for _ in range(100_000):
        nested = [nested]
    assert shown(0.5) == "0.5"
    assert len(shown("x" * 10**6)) < 120
    assert shown(10**5000) == "a int too long to be shown"
    assert shown(nested) == "a list too long to be shown"
