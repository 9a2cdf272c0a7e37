"""Models that are shared out over threads, one shard each."""

from __future__ import annotations

import threading

import swarmscale as ss
from swarmscale.model.sharding.exchange import Table


def shared(config, shards, told, rng=5, run=ss.SwarmModel.run):
    """Let ``run(model)`` go on threads, to the config's end by default; what ``told(model)`` is in each shard."""
    table, out, errors = Table(shards), [None] * shards, []

    def work(rank):
        try:
            model = ss.SwarmModel(config, rng=rng, exchange=table.seat(rank) if shards > 1 else None)
            run(model)
            out[rank] = told(model)
        except BaseException as error:
            errors.append(error)
            table.leave()

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(shards)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise next((e for e in errors if "a shard is gone" not in str(e)), errors[0])
    return out
