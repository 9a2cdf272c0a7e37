"""Laws fitted to logs: known ones are found again, wrong ones are refused, and the preset runs."""

import json

import numpy as np
import pandas as pd
import pytest

import swarmscale as ss
from swarmscale.cli import main
from swarmscale.errors import ConfigError
from swarmscale.model.fitting import fit_laws, fit_log, read_log


def lognormal(rng, mean, cv, n):
    s2 = np.log1p(cv * cv)
    return rng.lognormal(np.log(mean) - s2 / 2, np.sqrt(s2), n)


@pytest.mark.parametrize(
    ("law", "draw", "cv"),
    [
        ("lognormal", lambda r: lognormal(r, 4.0, 0.8, 3000), 0.8),
        ("gamma", lambda r: r.gamma(4.0, 1.0, 3000), 0.5),
        ("weibull", lambda r: 4.0 * r.weibull(3.0, 3000), 0.363),
        ("uniform", lambda r: r.uniform(1.0, 7.0, 3000), 0.433),
    ],
)
def test_a_known_law_is_found_again_with_its_mean_and_cv(law, draw, cv):
    values = draw(np.random.default_rng(7))
    best, *others = fit_laws(values, "service_s", 0)
    assert best.law == law
    assert best.mean == pytest.approx(values.mean(), rel=0.02)
    assert best.cv == pytest.approx(cv, rel=0.06)
    assert best.p_value > 0.01
    assert next(f for f in others if f.law == "exponential").p_value < 0.01


def test_exponential_times_are_exponential_or_a_law_with_its_cv():
    best = fit_laws(np.random.default_rng(3).exponential(2.0, 3000), "service_s", 0)[0]
    assert best.law in ("exponential", "gamma", "weibull")
    assert best.cv == pytest.approx(1.0, abs=0.05)


def test_times_that_are_all_alike_are_deterministic():
    fits = fit_laws(np.full(50, 2.5), "service_s", 0)
    assert [(f.law, f.mean, f.cv) for f in fits] == [("deterministic", 2.5, 0.0)]


def calls(n=500, seed=1):
    rng = np.random.default_rng(seed)
    prompt, generated = rng.integers(10, 3000, n), rng.integers(1, 400, n)
    return pd.DataFrame({
        "prompt_tokens": prompt,
        "generated_tokens": generated,
        "service_s": 0.0002 * prompt + 0.025 * generated + rng.normal(0, 0.05, n).clip(-0.02),
        "first_token_s": 0.0002 * prompt,
        "price": 0.002 * (prompt + generated) / 1000,
    })  # fmt: skip


def test_tokens_of_calls_give_prefill_decode_and_price(tmp_path):
    calls().to_csv(tmp_path / "calls.csv", index=False)
    tokens = fit_log(read_log(tmp_path / "calls.csv")).tokens
    assert tokens.prefill_ms == pytest.approx(0.2, rel=0.05)
    assert tokens.decode_ms == pytest.approx(25.0, rel=0.01)
    assert tokens.explained > 0.99
    assert tokens.price_per_1000 == pytest.approx(0.002)


def test_the_written_preset_loads_and_runs(tmp_path, capsys):
    rng = np.random.default_rng(2)
    n = 400
    frame = pd.DataFrame({
        "service_s": lognormal(rng, 2.0, 0.5, n),
        "start_s": np.where(np.arange(n) < 60, lognormal(rng, 45.0, 0.3, n), np.nan),
        "uptime_s": rng.exponential(9000.0, n),
        "repair_s": rng.gamma(4.0, 30.0, n),
    })  # fmt: skip
    frame.to_csv(tmp_path / "log.csv", index=False)
    assert main(["fit", str(tmp_path / "log.csv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["laws"]["service_s"][0]["law"] == "lognormal"
    assert set(found["laws"]) == {"service_s", "start_s", "uptime_s", "repair_s"}
    config = ss.Config.load(str(tmp_path / "log.toml")).changed({"fleet.agents": 100})
    assert config.life.start_s == pytest.approx(45.0, rel=0.15)
    assert config.life.start_cv == pytest.approx(0.3, abs=0.1)
    assert config.demand.classes[0].work_s == pytest.approx(2.0, rel=0.1)
    model = ss.SwarmModel(config, rng=1).run(30)
    assert model.records.column("completed").sum() > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("serv_s\n1\n", "Did you mean 'service_s'"),
        ("service_s\n1\nx\n", "service_s = 'x' in line 3"),
        ("service_s\n1\n-2\n", "in line 3, but it must be a finite number, 0 or more"),
        ("service_s\n1\n2\n", "service_s holds 2 values above 0"),
        ("", "cannot be read as a log"),
    ],
)
def test_a_bad_log_is_refused_in_one_line_and_nothing_is_written(tmp_path, capsys, text, said):
    (tmp_path / "log.csv").write_text(text)
    assert main(["fit", str(tmp_path / "log.csv")]) == 2
    line = capsys.readouterr().err
    assert said in line
    assert line.count("\n") == 1
    assert not (tmp_path / "log.toml").exists()


def test_a_missing_log_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read as a log"):
        read_log(tmp_path / "none.csv")
