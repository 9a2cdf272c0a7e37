"""Shards on MPI ranks: started by ``mpiexec -n 4 swarmscale run ... --shards mpi``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import Ints
from ...errors import ConfigError


class MpiExchange:
    """The exchange of one rank of an MPI communicator.

    If a rank dies, MPI ends all of them: go on from the last checkpoint with the same number of ranks.
    """

    def __init__(self, communicator: Any = None) -> None:
        self._mpi = imported()
        self._all = self._mpi.COMM_WORLD if communicator is None else communicator
        self.rank: int = self._all.Get_rank()
        self.size: int = self._all.Get_size()

    def trade(self, parcels: Sequence[Ints]) -> list[Ints]:
        """See :class:`.exchange.Exchange`."""
        sent = np.array([len(parcel) for parcel in parcels], np.int64)
        sent[self.rank] = 0  # what is for this rank stays here
        coming = np.empty_like(sent)
        self._all.Alltoall(sent, coming)
        given = [p if rank != self.rank else p[:0] for rank, p in enumerate(parcels)]
        out, got = np.concatenate(given), np.empty(int(coming.sum()), np.int64)
        kind = self._mpi.INT64_T
        self._all.Alltoallv([out, (sent, _begins(sent)), kind], [got, (coming, _begins(coming)), kind])
        taken = np.split(got, np.cumsum(coming)[:-1])
        taken[self.rank] = parcels[self.rank]
        return taken

    def gather(self, parcel: Ints) -> list[Ints]:
        """See :class:`.exchange.Exchange`."""
        lengths = np.empty(self.size, np.int64)
        self._all.Allgather(np.array([len(parcel)], np.int64), lengths)
        got = np.empty(int(lengths.sum()), np.int64)
        kind = self._mpi.INT64_T
        self._all.Allgatherv([np.ascontiguousarray(parcel), kind], [got, (lengths, _begins(lengths)), kind])
        return np.split(got, np.cumsum(lengths)[:-1])

    def end_all(self) -> None:
        """End every rank at once, since this one cannot go on."""
        self._all.Abort(1)


def imported() -> Any:
    """MPI itself.

    Raises:
        ConfigError: if it is not installed.
    """
    try:
        from mpi4py import MPI
    except ImportError:
        raise ConfigError("shards on MPI need mpi4py and an MPI: pip install 'swarmscale[mpi]'") from None
    return MPI


def _begins(counts: Ints) -> Ints:
    return np.cumsum(counts) - counts
