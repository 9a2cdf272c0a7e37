"""Records looked back at: as they stood at a time, and as they are read from a run's folder."""

import numpy as np
import pandas as pd
import pytest

import swarmscale as ss
from swarmscale.model.flow.ledger import Count
from swarmscale.model.stored import StoredRecords

BUSY = {
    "records.trace_tasks": 0.5, "life.start_s": 3.0, "scaling": "quantile", "scaler.period_s": 5.0,
    "scaler.bin_s": 5.0, "scaler.pools": "none", "cache.size": 50, "demand.load": 0.5, "scaling.down_every_s": 10.0,
}  # fmt: skip


def run(seconds):
    model = ss.SwarmModel("tiny", rng=5, **BUSY).run(20.0)
    model.fail_workers(model.fleet.live()[:10])
    return model.run(seconds - 20.0)


def same(a, b):
    pd.testing.assert_frame_equal(a.frame(), b.frame())
    pd.testing.assert_frame_equal(a.cluster_frame(), b.cluster_frame())
    assert np.array_equal(a.windows(), b.windows())
    for name, values in a.node_series().items():
        assert np.array_equal(values, b.node_series()[name])


@pytest.mark.parametrize("seconds", [40.0, 44.0])
def test_records_looked_back_at_are_those_of_a_run_that_ended_then(seconds):
    whole, then = run(70.0), run(seconds)
    back = whole.records.until(seconds + 0.5)
    same(back, then.records)
    if seconds == 40.0:  # a whole window
        assert np.array_equal(back.histogram("response"), then.records.histogram("response"))
    a, b = back.task_log(), then.records.task_log()
    done = b[b["finish"] <= seconds]
    assert a.set_index("uid").loc[done["uid"], "finish"].tolist() == done["finish"].tolist()
    assert len(back) == seconds
    assert len(whole.records) == 70


def test_looking_back_before_the_start_and_beyond_the_end():
    records = run(30.0).records
    assert len(records.until(-5.0)) == 0
    assert records.until(0.0).frame().empty
    same(records.until(1e9), records)


def test_records_of_a_folder_are_what_was_written(tmp_path):
    records = run(65.0).records
    records.write(tmp_path)
    stored = StoredRecords.open(tmp_path)
    pd.testing.assert_frame_equal(stored.frame(), records.frame())
    pd.testing.assert_frame_equal(stored.cluster_frame(), records.cluster_frame())
    pd.testing.assert_frame_equal(stored.task_log(), records.task_log())
    assert (stored.dt, stored.cluster_period_s, len(stored)) == (records.dt, records.cluster_period_s, 65)
    assert stored.column("time_s").tolist() == records.column("time_s").tolist()
    pd.testing.assert_frame_equal(stored.until(30.0).frame(), records.until(30.0).frame())
    pd.testing.assert_frame_equal(stored.until(30.0).cluster_frame(), records.until(30.0).cluster_frame())


def test_what_was_counted_follows_from_the_columns_or_is_not_known(tmp_path):
    records = run(65.0).records
    records.write(tmp_path)
    back, raw = StoredRecords.open(tmp_path).raw(), records.raw()
    answered = raw.count(Count.USEFUL_T) > 0
    assert answered.sum() > 50
    unknown = []
    for which in Count:
        if np.isnan(back.count(which)).all():
            unknown.append(which.name)
            continue
        rows = answered if which in (Count.READY_T, Count.BUSY_T) else slice(None)
        assert np.array_equal(back.count(which)[rows], raw.count(which)[rows]), which.name
    assert unknown == [
        "INGRESS_DONE", "DISPATCHED", "NETWORK_T", "INGRESS_WAIT_T", "INGRESS_BUSY_T", "DISPATCH_WAIT_T",
        "DISPATCH_BUSY_T", "WORK_STARTED_T", "FIRST_TOKEN_T", "SAMPLES", "SAMPLED_INGRESS", "SAMPLED_DISPATCH",
        "SAMPLED_CLUSTER",
    ]  # fmt: skip
    for channel in range(7):
        for column in range(6):
            assert np.array_equal(back.message(channel, column), raw.message(channel, column))
    assert np.array_equal(back.state("recovering"), raw.state("recovering"))
    for i in range(3):
        assert np.allclose(
            back.quantile("network", i), raw.quantile("network", i), rtol=1e-15, equal_nan=True
        )


def test_a_folder_without_records_and_a_damaged_one_are_refused_in_one_line(tmp_path):
    with pytest.raises(ss.ConfigError, match=r"holds no records\.parquet"):
        StoredRecords.open(tmp_path)
    run(21.0).records.write(tmp_path)
    (tmp_path / "clusters.parquet").write_bytes(b"no")
    with pytest.raises(ss.ConfigError, match="cannot be read") as refused:
        StoredRecords.open(tmp_path)
    assert "\n" not in str(refused.value)
    (tmp_path / "records.parquet").write_bytes(b"no")
    with pytest.raises(ss.ConfigError, match="cannot be read as Parquet"):
        StoredRecords.open(tmp_path)
