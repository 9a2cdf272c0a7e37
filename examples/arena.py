"""A market whose orders a fleet serves: fast and slow service, a player from outside, makers and stale quotes."""

import swarmscale as ss
from swarmscale.arena.economy import Economy
from swarmscale.arena.makers import MakerMarket, MakerSetup
from swarmscale.arena.replies import Filled

QUIET = {"intelligence.on": False, "emergence.on": False, "resilience.on": False}
KINDS = {"order": "talk", "settlement": "think", "risk-check": "think"}


def fleet(agents=200):
    return ss.SwarmModel(
        "tiny", rng=1, **(QUIET | {"demand.source": "hosted", "dt": 0.5, "fleet.agents": agents})
    )


print("500 zero-intelligence traders, two periods of 30 s, and the fleet that serves them")
for agents in (200, 60, 30):
    market = Economy(traders=500, fleet=fleet(agents), kinds=KINDS, rng=1, rate_per_s=1.0)
    market.run(60.5)
    period = market.frame().mean()
    print(
        f"  {agents:3d} agents: ack p99 {market.ack.quantile(0.99) / 1000:5.2f} s, "
        f"{period.trades:.0f} trades of {period.possible:.0f} worth making, efficiency {period.efficiency:.3f}"
    )

print("a player joins")
market = Economy(traders=500, fleet=fleet(), kinds=KINDS, rng=1, rate_per_s=1.0).run(5)
player = market.join("player")
player.order("buy", price=120, quantity=3)
player.task("think", work_s=0.5)
market.run(5)
for reply in player.replies():
    if isinstance(reply, Filled):
        print(f"  bought {reply.quantity} at {reply.price}, {reply.left} left")
    else:
        print(f"  {type(reply).__name__} after {reply.latency_ms:.0f} ms")
player.leave()
balance = market.arena.balance
print(f"  {balance.submitted} tasks = {balance.ended.sum()} ended + {balance.open} open")

print("market makers around a worth that jumps, and the work that an order takes")
for work_s in (0.02, 0.5, 2.0):
    line = ss.SwarmModel("tiny", rng=1, **(QUIET | {"demand.source": "hosted", "dt": 0.1}))
    setup = MakerSetup(makers=5, work_s=work_s, direct=True)
    seen = MakerMarket(line, setup, kinds={"order": "talk"}, rng=1).run(60).figures()
    print(
        f"  {work_s:4.2f} s: ack p50 {seen.ack_p50_ms:6.0f} ms, p99 {seen.ack_p99_ms:6.0f} ms, "
        f"lost to stale quotes {seen.stale_loss_per_jump:.2f} ticks a jump and maker"
    )
