"""Every route through a real server: what it answers is what was published, in each format."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest

from research.index.published.publication_columns import is_raw
from tests.service.conftest import INSTANTS, Published, Server

NAME = "/v1/indices/large-cap-10"
TABLES = ("levels", "members", "weights", "rebalances", "metrics", "signals", "decisions/bitcoin")


def frame(server: Server, path: str, **parameters: Any) -> pd.DataFrame:
    answer = server.get(path, params={"format": "parquet", **parameters})
    assert answer.status_code == 200, answer.text
    return pd.read_parquet(io.BytesIO(answer.content))


def test_the_list_of_indices_has_each_with_its_last_level(server: Server, published: Published) -> None:
    answer = server.json("/v1/indices")
    assert [row["index"] for row in answer["rows"]] == list(published.indices)
    for row in answer["rows"]:
        index = published.indices[row["index"]]
        assert row["level"] == index.level.iloc[-1]
        assert row["title"] == index.methodology.name
        assert row["as_of"] == "2020-12-31"
    assert [row["simulated"] for row in answer["rows"]] == [True, True, False]
    assert frame(server, "/v1/indices")["simulated"].tolist() == [True, True, False]


def test_an_index_is_told_with_facts_caveats_and_the_unit_of_every_column(server: Server, published: Published) -> None:
    answer, index = server.json(NAME), published.indices["large-cap-10"]
    assert answer["latest"] == {"level": index.level.iloc[-1], "gross_level": index.gross_level.iloc[-1]}
    assert answer["caveats"] == index.caveats
    assert answer["simulated"] is True
    assert answer["as_of"] == "2020-12-31"
    assert answer["base_value"] == index.methodology.base_value
    assert answer["columns"]["levels"]["level"]["unit"] == "index points"


def test_levels_are_those_of_the_index_to_the_last_bit(server: Server, published: Published) -> None:
    index = published.indices["large-cap-10"]
    table = frame(server, f"{NAME}/levels").set_index("date")
    pd.testing.assert_series_equal(table["level"], index.level, check_names=False, check_freq=False, check_exact=True)
    assert table["simulated"].all()


def test_json_csv_and_parquet_say_the_same(server: Server) -> None:
    for table in (*TABLES, "/v1/indices/equal-weight-100/events", "/v1/indices", "/v1/editions"):
        path = table if table[0] == "/" else f"{NAME}/{table}"
        parquet = frame(server, path)
        answer = server.json(path)
        rows = pd.DataFrame(answer["rows"])
        text = pd.read_csv(io.StringIO(server.get(path, params={"format": "csv"}).text))
        assert list(text) == list(parquet), table
        assert set(parquet) == {*rows, "simulated"}, table  # fields of an object in JSON have no order
        assert len(rows) == len(text) == len(parquet) == answer["total"] > 0, table
        for column in parquet.select_dtypes("number").columns:
            np.testing.assert_array_equal(
                pd.to_numeric(rows[column]).astype("float64"), parquet[column].astype("float64")
            )
            np.testing.assert_array_equal(text[column].astype("float64"), parquet[column].astype("float64"))
        for column in parquet.select_dtypes("datetime").columns:
            assert rows[column].dropna().tolist() == parquet[column].dropna().dt.strftime("%Y-%m-%d").tolist()
            assert text[column].dropna().tolist() == rows[column].dropna().tolist()


def test_levels_of_some_days_are_those_days_both_ends_included(server: Server) -> None:
    rows = server.json(f"{NAME}/levels", start="2020-02-27", end="2020-03-02")["rows"]
    assert [row["date"] for row in rows] == ["2020-02-27", "2020-02-28", "2020-02-29", "2020-03-01", "2020-03-02"]


def test_weekly_and_monthly_levels_are_the_last_day_of_each_and_no_other_value(
    server: Server, published: Published
) -> None:
    level = published.indices["large-cap-10"].level
    for resolution, rule in (("monthly", "ME"), ("weekly", "W-SUN")):
        table = frame(server, f"{NAME}/levels", resolution=resolution).set_index("date")["level"]
        assert table.tolist() == level.resample(rule).last().tolist()
        assert (table == level[table.index]).all()
        assert table.index[-1] == level.index[-1]  # the last one is of a week that is not over


def test_members_of_a_day_are_those_after_the_last_trade_up_to_it(server: Server, published: Published) -> None:
    index = published.indices["large-cap-10"]
    for day in ("2019-05-20", "2020-12-31", f"{index.rebalances.index[7]:%Y-%m-%d}"):
        answer = server.json(f"{NAME}/members", date=day)
        traded = index.rebalances.index[index.rebalances.index <= day][-1]
        held = index.weights.loc[traded]
        held = held[held > 0]
        assert {row["effective_date"] for row in answer["rows"]} == {f"{traded:%Y-%m-%d}"}
        assert {row["asset_id"]: row["weight"] for row in answer["rows"]} == pytest.approx(held.to_dict(), rel=1e-12)
    assert server.json(f"{NAME}/members")["rows"] == server.json(f"{NAME}/members", date="2020-12-31")["rows"]


def test_weights_of_the_last_day_are_those_at_its_close(server: Server, published: Published) -> None:
    rows = server.json(f"{NAME}/weights")["rows"]
    last = published.indices["large-cap-10"].weights.iloc[-1]
    assert {row["asset_id"]: row["weight"] for row in rows} == pytest.approx(last[last > 0].to_dict(), rel=1e-12)
    assert {row["date"] for row in rows} == {"2020-12-31"}


def test_a_decision_is_the_last_one_on_the_asset_that_was_known_on_the_day(
    server: Server, published: Published
) -> None:
    decisions = published.indices["large-cap-10"].decisions
    own = decisions[decisions["asset_id"] == "bitcoin"]
    for day in ("2019-05-20", "2020-12-31"):
        [row] = server.json(f"{NAME}/decisions/bitcoin", date=day)["rows"]
        expected = own[own["determination_date"] <= day].iloc[-1]
        assert row["determination_date"] == f"{expected['determination_date']:%Y-%m-%d}"
        assert row["reason"] == expected["reason"]
        assert row["rank"] == expected["rank"]
        assert row["min_volume_value"] == expected["min_volume_value"]
    [latest] = server.json(f"{NAME}/decisions/bitcoin")["rows"]
    assert latest["determination_date"] == f"{own['determination_date'].max():%Y-%m-%d}"


def test_rebalances_and_events_are_those_of_the_days(server: Server, published: Published) -> None:
    index = published.indices["large-cap-10"]
    rows = server.json(f"{NAME}/rebalances", start="2020-01-01", end="2020-06-30")["rows"]
    expected = index.rebalances["2020-01-01":"2020-06-30"]
    assert [row["turnover"] for row in rows] == expected["turnover"].tolist()
    assert [row["cause"] for row in rows] == expected["cause"].tolist()
    events, path = published.indices["equal-weight-100"].events, "/v1/indices/equal-weight-100/events"
    assert server.json(path)["total"] == len(events)
    assert 0 < server.json(path, start="2020-01-01")["total"] == (events["date"] >= "2020-01-01").sum() < len(events)


def test_metrics_have_value_interval_and_convention_and_are_chosen_by_benchmark_and_window(server: Server) -> None:
    everything = server.json(f"{NAME}/metrics")["rows"]
    chosen = server.json(f"{NAME}/metrics", benchmark="bitcoin", window="1Y")["rows"]
    assert chosen == [row for row in everything if (row["benchmark"], row["window"]) == ("bitcoin", "1Y")] != []
    own = server.json(f"{NAME}/metrics", benchmark="", window="SI")["rows"]
    [sharpe] = [row for row in own if row["metric"] == "sharpe_ratio"]
    assert sharpe["lower"] < sharpe["value"] < sharpe["upper"]
    assert "365" in sharpe["convention"]


def test_signals_are_the_last_calls_up_to_a_day(server: Server) -> None:
    rows = server.json(f"{NAME}/signals", date="2020-03-15")["rows"]
    [day] = {row["date"] for row in rows}
    assert "2020-02-15" < day <= "2020-03-15"
    assert {row["signal"] for row in rows} == {"bullish"}


def test_indices_are_compared_over_their_common_days_on_one_scale(server: Server, published: Published) -> None:
    names = ["large-cap-10", "equal-weight-100"]
    table = frame(server, "/v1/compare", names=",".join(names), start="2020-03-01").set_index("date")
    assert list(table) == [*names, "simulated"]
    assert table.index[0] == pd.Timestamp("2020-03-01")
    assert table.iloc[0]["large-cap-10"] == pytest.approx(table.iloc[0]["equal-weight-100"])
    for name in names:
        level = published.indices[name].level["2020-03-01":]
        np.testing.assert_allclose(table[name] / table[name].iloc[0], level / level.iloc[0], rtol=1e-12)


def test_editions_are_listed_and_each_answers_as_it_was_published(server: Server, published: Published) -> None:
    answer = server.json("/v1/editions")
    assert [row["edition"] for row in answer["rows"]] == ["2026-11-27", "2026-11-20"]
    assert [row["published"] for row in answer["rows"]] == [INSTANTS["now"], INSTANTS["before"]]
    newest, oldest = (row["digest"] for row in answer["rows"])
    assert answer["edition"] == newest != oldest
    old = server.json(f"{NAME}/levels", edition="2026-11-20")
    assert old["edition"] == oldest
    assert old["as_of"] == old["rows"][-1]["date"] == "2020-06-30"
    assert old["rows"][-1]["level"] == published.before["large-cap-10"].level.iloc[-1]


def test_simulated_is_said_in_every_answer_of_a_simulated_index_and_in_no_other(server: Server) -> None:
    for index, simulated in (("large-cap-10", True), ("licensed", False)):
        for table in ("", *(f"/{table}" for table in TABLES if (simulated, table) != (False, "signals"))):
            answer = server.get(f"/v1/indices/{index}{table}")
            assert answer.json()["simulated"] is simulated
            assert answer.headers["x-simulated"] == str(simulated).lower()
    assert server.json("/v1/compare", names="licensed,large-cap-10")["simulated"] is True


def test_a_licence_that_forbids_raw_values_is_honoured(server: Server) -> None:
    free, licensed = server.json(NAME), server.json("/v1/indices/licensed")
    assert (free["redistribute"], licensed["redistribute"]) == (True, False)
    for table, raw in (("members", "price"), ("rebalances", "divisor"), ("levels", "bitcoin")):
        assert raw in server.json(f"{NAME}/{table}")["rows"][0]
        assert raw not in server.json(f"/v1/indices/licensed/{table}")["rows"][0]
    for table in [name for name in TABLES if name != "signals"] + ["events"]:
        name, path = table.partition("/")[0], f"/v1/indices/licensed/{table}"
        columns = {*frame(server, path)} | {*pd.read_csv(io.StringIO(server.get(f"{path}?format=csv").text))}
        columns |= {column for row in server.json(path)["rows"] for column in row}
        assert [column for column in columns if is_raw(name, column)] == [], table
    assert [
        column for column in frame(server, f"{NAME}/members") if is_raw("members", column)
    ]  # there are some to drop


def test_rows_come_in_pages_that_lead_to_each_other(server: Server) -> None:
    path, collected, answers = f"{NAME}/levels?limit=400&start=2018-06-01", [], 0
    while path:
        answer = server.get(path)
        body = answer.json()
        collected += [row["date"] for row in body["rows"]]
        answers += 1
        if path := body["next"]:
            assert answer.links["next"]["url"] == path
            assert path.startswith("/v1/")
    assert answers == -(-body["total"] // 400)
    assert collected == [row["date"] for row in server.json(f"{NAME}/levels", start="2018-06-01")["rows"]]


def test_the_site_is_served_as_it_is(server: Server, published: Published) -> None:
    for path, file in (
        ("/", "index.html"),
        ("/large-cap-10.html", "large-cap-10.html"),
        ("/editions/2026-11-20/", None),
    ):
        content = (published.site / (file or "editions/2026-11-20/index.html")).read_bytes()
        answer = server.get(path)
        assert (answer.status_code, answer.content) == (200, content)
        assert answer.headers["content-type"].startswith("text/html")


def test_health_readiness_and_figures_for_prometheus(server: Server) -> None:
    assert server.json("/healthz") == {"status": "ok"}
    ready = server.json("/readyz")
    assert ready["edition"] == server.json("/v1/indices")["edition"]
    assert ready["published"] == INSTANTS["now"]
    text = server.get("/metrics").text
    assert 'research_requests_total{route="/v1/indices",status="200"}' in text
    assert 'research_request_seconds_bucket{le="0.005",route="/healthz"}' in text
