"""Boosted trees on the features of the seasonal autoregression, grown anew once a day by LightGBM."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...arrays import Floats, Ints, kernel
from ...errors import require
from .autoregression import AROUND
from .base import Target
from .optional import needed
from .recent import Recent, whole_seasons

LEAST_ROWS = 200  # pairs to learn from, before which it is naive


def _no_ints() -> Ints:
    return np.zeros(0, np.int64)


def _no_floats() -> Floats:
    return np.zeros(0)


@dataclass(slots=True)
class Trees:
    """Decision trees as arrays of their nodes: leaves have no left branch.

    Attributes:
        roots: `[tree]` its first node.
        feature: `[node]` column that is compared; -1 at a leaf.
        threshold: `[node]` values up to it go left; at a leaf, what it says.
        left: `[node]` the node on the left.
        right: `[node]` the node on the right.
    """

    roots: Ints = field(default_factory=_no_ints)
    feature: Ints = field(default_factory=_no_ints)
    threshold: Floats = field(default_factory=_no_floats)
    left: Ints = field(default_factory=_no_ints)
    right: Ints = field(default_factory=_no_ints)


@dataclass(slots=True)
class Boosted:
    """What boosted trees remember: the target, the bins to learn from, and the trees."""

    target: Target
    recent: Recent
    trees: Trees


@dataclass(frozen=True, slots=True, kw_only=True)
class LightGbm:
    """Gradient-boosted trees for the change from the last value, in units of the mean of the last bins.

    Features are the last bins, the five around the target's bin a season ago, now's a season ago (all less the last
    value, in the same units), and the bin of the season. It is naive until a season, and 200 pairs more, have been
    seen. The trees are kept as arrays, so a memory can be stored, and a forecast takes no call of LightGBM.
    It needs ``pip install 'swarmscale[forecast]'``.

    Attributes:
        trees: how many, 1 or more.
        leaves: of each tree, 2 or more.
        rate: weight of each tree, in (0, 1].
        lags: last bins to look at, 1 or more.
        refit: bins from one fit to the next; 0 for a season, or 1,440 with no period.
        history: bins to learn from; 0 for fourteen seasons, or 20,160 with no period.

    Source:
        Ke et al., "LightGBM: a highly efficient gradient boosting decision tree", NeurIPS 2017.
    """

    trees: int = 150
    leaves: int = 31
    rate: float = 0.05
    lags: int = 30
    refit: int = 0
    history: int = 0

    def __post_init__(self) -> None:
        require(self.trees >= 1, "trees", self.trees, "1 or more")
        require(self.leaves >= 2, "leaves", self.leaves, "2 or more")
        require(0 < self.rate <= 1, "rate", self.rate, "in (0, 1]")
        require(self.lags >= 1, "lags", self.lags, "1 or more")
        require(self.refit >= 0, "refit", self.refit, "0 or more")
        require(self.history >= 0, "history", self.history, "0 or more")

    def start(self, target: Target) -> Boosted:
        """See :class:`Forecaster`.

        Raises:
            ConfigError: if LightGBM is not installed.
        """
        needed("lightgbm")
        deep = self._deepest(target) + target.horizon + LEAST_ROWS
        history = self.history or 14 * (target.period or 1440)
        return Boosted(target, Recent.of(max(deep, history)), Trees())

    def step(self, value: float, memory: Boosted) -> tuple[float, Boosted]:
        """See :class:`Forecaster`."""
        recent, target = memory.recent, memory.target
        recent.add(value)
        rows = min(recent.count, recent.values.size) - self._deepest(target) - target.horizon
        refit = self.refit or target.period or 1440
        if rows >= LEAST_ROWS and (not memory.trees.roots.size or recent.count % refit == 0):
            self._fit(memory, rows)
        if not memory.trees.roots.size:
            return value, memory
        features, unit = self._look(memory, np.array([recent.count - 1]))
        trees = memory.trees
        change = walk(features[0], trees.roots, trees.feature, trees.threshold, trees.left, trees.right)
        said = value + float(unit[0]) * change
        return (max(0.0, said) if math.isfinite(said) else value), memory

    def _fit(self, memory: Boosted, rows: int) -> None:
        """Grow the trees anew on the last pairs whose targets have been seen."""
        target, recent = memory.target, memory.recent
        newest = recent.count - 1 - target.horizon - np.arange(rows)[::-1]
        features, unit = self._look(memory, newest)
        first = target.horizon if target.kind == "value" else 1
        later = newest[:, None] + np.arange(first, target.horizon + 1)
        came = recent.values[later % recent.values.size].max(axis=1)
        now = recent.values[newest % recent.values.size]
        used = unit > 0
        change = (came - now)[used] / unit[used]
        lightgbm = needed("lightgbm")
        settings = {
            "objective": "regression_l1",
            "num_leaves": self.leaves,
            "learning_rate": self.rate,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "seed": 0,
            "verbosity": -1,
        }
        if change.size < LEAST_ROWS or np.ptp(change) == 0:
            memory.trees = Trees()
            return
        data = lightgbm.Dataset(features[used], change, weight=unit[used] / unit[used].mean())
        model = lightgbm.train(settings, data, num_boost_round=self.trees)
        memory.trees = as_arrays(model.dump_model()["tree_info"])

    def _look(self, memory: Boosted, newest: Ints) -> tuple[Floats, Floats]:
        """`[R, D]` features and `[R]` units as seen after some bins."""
        target, values = memory.target, memory.recent.values
        ago = np.arange(self.lags)
        if target.period:
            season = whole_seasons(target, target.horizon + AROUND)
            around = season - target.horizon + AROUND - np.arange(2 * AROUND + 1)
            ago = np.concatenate((ago, around, [season]))
        seen = values[(newest[:, None] - ago) % values.size]
        unit: Floats = seen[:, : self.lags].mean(axis=1)
        features = (seen - seen[:, :1]) / np.where(unit > 0, unit, 1.0)[:, None]
        features[:, 0] = newest % target.period if target.period else 0.0
        return features, unit

    def _deepest(self, target: Target) -> int:
        """Bins that the features of one bin reach back."""
        return max(self.lags, whole_seasons(target, target.horizon + AROUND) + AROUND + 1)


def as_arrays(tree_info: list[dict[str, Any]]) -> Trees:
    """Trees as LightGBM describes them, as arrays."""
    roots: list[int] = []
    nodes: list[tuple[int, float, int, int]] = []
    for tree in tree_info:
        roots.append(len(nodes))
        nodes.append((-1, 0.0, 0, 0))
        open_nodes = [(len(nodes) - 1, tree["tree_structure"])]
        while open_nodes:
            place, node = open_nodes.pop()
            if "split_feature" not in node:
                nodes[place] = (-1, float(node["leaf_value"]), 0, 0)
                continue
            left = len(nodes)
            nodes += [(-1, 0.0, 0, 0)] * 2
            nodes[place] = (int(node["split_feature"]), float(node["threshold"]), left, left + 1)
            open_nodes += [(left, node["left_child"]), (left + 1, node["right_child"])]
    feature, threshold, left_of, right_of = zip(*nodes, strict=True)
    return Trees(
        np.array(roots, np.int64),
        np.array(feature, np.int64),
        np.array(threshold, np.float64),
        np.array(left_of, np.int64),
        np.array(right_of, np.int64),
    )


@kernel
def walk(features: Floats, roots: Ints, feature: Ints, threshold: Floats, left: Ints, right: Ints) -> float:
    """Sum of what the trees say of one row of features."""
    total = 0.0
    for node in roots:
        while feature[node] >= 0:
            node = left[node] if features[feature[node]] <= threshold[node] else right[node]
        total += threshold[node]
    return total
