"""Market makers: losses to stale quotes against theory and against latency, and what caution does."""

import numpy as np
import pytest
from scipy import stats

from swarmscale.arena.fleets import Delayed
from swarmscale.arena.makers import MakerMarket, MakerSetup
from swarmscale.errors import ConfigError

from .arena_support import tiny


def market(delay_s, seconds=400, rng=1, dt=0.1, **changes):
    return MakerMarket(Delayed(dt=dt, delay_s=delay_s), MakerSetup(**changes), rng=rng).run(seconds).figures()


RARE = {
    "makers": 30, "half_spread": 2, "jumps_per_s": 0.02, "jump": 3, "excites": 0.0, "excites_other": 0.0,
    "informed": 1.0, "direct": True,
}  # fmt: skip


def z_of_losses(scale=1.0, runs=10):
    """Standard errors between the losses a jump and theory: informed takers who come within .5 s, each takes 1 tick."""
    found = [
        market(0.5, 10_000, rng, dt=50.0, takers_per_s=10.0 * scale, **RARE).stale_loss_per_jump * 30
        for rng in range(runs)
    ]
    return (np.mean(found) - 10.0 * 0.5 * (3 - 2)) / (np.std(found, ddof=1) / np.sqrt(runs))


def test_makers_lose_what_theory_says_and_five_percent_more_would_be_seen():
    assert abs(z_of_losses()) < 4
    assert z_of_losses(1.05) > 4


def test_losses_to_stale_quotes_grow_with_latency():
    slow = [market(d, 120, direct=True, makers=5) for d in (0.02, 0.1, 0.5, 2.0)]
    losses = [one.stale_loss_per_jump for one in slow]
    assert stats.spearmanr(range(4), losses).statistic == 1
    assert losses[-1] > 5 * losses[0]
    assert [one.ack_p50_ms for one in slow] == pytest.approx([20, 100, 500, 2000], rel=0.01)


def test_with_takers_on_the_same_line_it_is_the_spread_of_latencies_that_costs():
    """If all orders wait equally long nobody can overtake a quote that set out before; if latencies vary, he can."""
    same = market(1.0, 120, informed=1.0, makers=5)
    fleet = Delayed(dt=0.1, delay_s=0.0, work_weight=4.0)
    varied = MakerMarket(fleet, MakerSetup(informed=1.0, makers=5), rng=1)
    draws = np.random.default_rng(1)
    submit = fleet.submit
    fleet.submit = lambda kind, work, **how: submit(kind, draws.exponential(0.25, len(work)), **how)
    assert same.stale_loss == 0
    assert varied.run(120).figures().stale_loss > 50


def test_cautious_makers_quote_wider_the_slower_the_service_and_lose_less():
    bold = market(1.0, 120, direct=True)
    fast, slow = (market(d, 120, direct=True, caution=1.5) for d in (0.05, 1.0))
    assert slow.spread > fast.spread + 4
    assert slow.stale_loss < 0.7 * bold.stale_loss


def test_an_older_quote_never_replaces_a_newer_one():
    m = MakerMarket(Delayed(dt=0.1), MakerSetup(makers=2), rng=1)
    handle, number = np.array([0, 1, 0, 0, 3]), np.array([5, 6, 4, 7, 1])
    assert m._newest(handle, number).tolist() == [True, True, False, True, True]
    assert m._newest(np.array([0, 3]), np.array([6, 2])).tolist() == [False, True]


def test_a_fleet_serves_makers_and_slower_service_costs_them_more():
    def one(work_s):
        setup = MakerSetup(makers=5, direct=True, work_s=work_s)
        return MakerMarket(tiny(**{"dt": 0.1}), setup, kinds={"order": "talk"}, rng=2).run(60).figures()

    near, far = one(0.02), one(1.0)
    assert far.ack_p50_ms > 5 * near.ack_p50_ms
    assert far.ack_p99_ms > far.ack_p50_ms
    assert far.stale_loss_per_jump > 1.5 * near.stale_loss_per_jump


def test_one_seed_is_one_market_and_refusals_name_the_field():
    assert market(0.1, 20) == market(0.1, 20) != market(0.1, 20, rng=2)
    for change, message in (
        ({"makers": 0}, "makers = 0"),
        ({"informed": 2.0}, "informed"),
        ({"work_s": 0}, "work_s"),
    ):
        with pytest.raises(ConfigError, match=message):
            MakerSetup(**change)
    with pytest.raises(ConfigError, match="radius"):
        MakerMarket(Delayed(), MakerSetup(excites=0.9, excites_other=0.2))
