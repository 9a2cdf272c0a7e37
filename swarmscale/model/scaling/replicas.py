"""How many replicas Kubernetes' Horizontal Pod Autoscaler proposes for one metric, and for several.

Plain functions of what was measured. Usages, requests and targets are whole milli-units, as there. Where Kubernetes
returns an error (no metric, no request), the proposal is None.

Source:
    kubernetes/kubernetes, ``pkg/controller/podautoscaler/replica_calculator.go`` and ``horizontal.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One pod as the controller knows it.

    Attributes:
        usage: measured usage, milli; None if its metric is missing.
        request: requested resource, milli.
        phase: "Pending", "Running" or "Failed".
        deleted: whether it is being deleted.
        ready: its Ready condition; None if it has none.
        started_s: when it started, s; None if that is not known.
        changed_s: when its Ready condition changed last, s.
        sampled_s: when its usage was sampled, s.
        window_s: time that the sample covers, s.
    """

    usage: int | None = None
    request: int = 1000
    phase: str = "Running"
    deleted: bool = False
    ready: bool | None = True
    started_s: float | None = 0.0
    changed_s: float = 0.0
    sampled_s: float = 0.0
    window_s: float = 60.0

    def starts_up(self, now_s: float, initialization_s: float, readiness_delay_s: float) -> bool:
        """Whether its CPU usage says nothing yet, since it is not ready, or not for long."""
        if self.ready is None or self.started_s is None:
            return True
        if self.started_s + initialization_s > now_s:
            return not self.ready or self.sampled_s < self.changed_s + self.window_s
        return not self.ready and self.started_s + readiness_delay_s > self.changed_s


class Groups(NamedTuple):
    """Pods by what their metric is good for; those deleted or failed are left out.

    Attributes:
        ready: pods whose metric counts.
        usage: their usage together, milli.
        request: their requests together, milli.
        unready: pods that do not count yet.
        unready_request: their requests together, milli.
        missing: request of each pod without a metric, milli.
    """

    ready: int
    usage: int
    request: int = 0
    unready: int = 0
    unready_request: int = 0
    missing: tuple[int, ...] = ()


class Tolerance(NamedTuple):
    """How far a ratio may lie from 1 with nothing done, both ends included.

    Attributes:
        down: below 1.
        up: above 1.
    """

    down: float = 0.1
    up: float = 0.1

    def holds(self, ratio: float) -> bool:
        """Whether the ratio is near enough to 1."""
        return 1 - self.down <= ratio <= 1 + self.up


def group(
    pods: Iterable[Pod],
    now_s: float,
    cpu: bool = True,
    initialization_s: float = 300.0,
    readiness_delay_s: float = 30.0,
) -> Groups:
    """Sort pods into ready, unready and missing.

    Args:
        pods: all pods.
        now_s: s.
        cpu: whether the metric is CPU usage; only then does readiness matter beyond the phase.
        initialization_s: time after its start in which a pod's readiness may still change, s.
        readiness_delay_s: a pod that became unready within this time after its start was never ready, s.
    """
    ready = usage = request = unready = unready_request = 0
    missing = []
    for pod in pods:
        if pod.deleted or pod.phase == "Failed":
            continue
        waits = pod.phase == "Pending"
        if not waits and pod.usage is None:
            missing.append(pod.request)
        elif waits or (cpu and pod.starts_up(now_s, initialization_s, readiness_delay_s)):
            unready += 1
            unready_request += pod.request
        else:
            ready += 1
            usage += pod.usage or 0
            request += pod.request
    return Groups(
        ready=ready,
        usage=usage,
        request=request,
        unready=unready,
        unready_request=unready_request,
        missing=tuple(missing),
    )


def percent(usage: int, request: int) -> int:
    """Utilization in whole percent, cut off."""
    return usage * 100 // request


def resource_replicas(current: int, pods: Groups, target: int, tolerance: Tolerance) -> int | None:
    """Replicas for a target of average utilization.

    Args:
        current: replicas now.
        pods: the pods.
        target: wanted utilization, whole percent of the request, 1 or more.
        tolerance: ratios that change nothing.
    """
    if pods.ready == 0 or pods.request == 0:
        return None
    ratio = percent(pods.usage, pods.request) / target
    again = pods.unready > 0 and ratio > 1
    if not again and not pods.missing:
        return current if tolerance.holds(ratio) else ceil(ratio * pods.ready)
    usage, request, count = pods.usage, pods.request, pods.ready
    if ratio != 1:  # at exactly 1 Kubernetes fills nothing in
        usage += sum(r * max(100, target) // 100 for r in pods.missing) if ratio < 1 else 0
        request += sum(pods.missing)
        count += len(pods.missing)
    if again:
        request += pods.unready_request
        count += pods.unready
    return _second_look(current, ratio, percent(usage, request) / target, count, tolerance)


def pods_replicas(current: int, pods: Groups, target: int, tolerance: Tolerance) -> int | None:
    """Replicas for a target of a metric's average over pods.

    Args:
        current: replicas now.
        pods: the pods; requests do not matter.
        target: wanted average, milli, 1 or more.
        tolerance: ratios that change nothing.
    """
    if pods.ready == 0:
        return None
    ratio = pods.usage // pods.ready / target
    again = pods.unready > 0 and ratio > 1
    if not again and not pods.missing:
        return current if tolerance.holds(ratio) else ceil(ratio * pods.ready)
    usage, count = pods.usage, pods.ready
    if ratio != 1:
        usage += target * len(pods.missing) if ratio < 1 else 0
        count += len(pods.missing)
    if again:
        count += pods.unready
    return _second_look(current, ratio, usage // count / target, count, tolerance)


def value_replicas(current: int, usage: int, target: int, ready: int, tolerance: Tolerance) -> int:
    """Replicas for a target of an object's or external metric's value (``Value``).

    Args:
        current: replicas now; from 0 the ratio itself is taken, with no tolerance.
        usage: the metric, milli.
        target: its wanted value, milli, 1 or more.
        ready: pods that run and are ready.
        tolerance: ratios that change nothing.
    """
    ratio = usage / target
    if current == 0:
        return ceil(ratio)
    return current if tolerance.holds(ratio) else ceil(ratio * ready)


def average_replicas(current: int, usage: int, target: int, tolerance: Tolerance) -> int:
    """Replicas for a target of an object's or external metric's value per replica (``AverageValue``).

    Args:
        current: replicas in the target's status.
        usage: the metric, milli.
        target: its wanted value per replica, milli, 1 or more.
        tolerance: ratios that change nothing.
    """
    if current and tolerance.holds(usage / (target * current)):
        return current
    return ceil(usage / target)


def largest_proposal(current: int, proposals: Sequence[int | None]) -> int | None:
    """The largest proposal of several metrics.

    None, so that nothing is done, if all metrics failed, or if one did and the others would scale down.
    """
    valid = [p for p in proposals if p is not None]
    if not valid or (len(valid) < len(proposals) and max(valid) < current):
        return None
    return max(valid)


def _second_look(current: int, first: float, second: float, count: int, tolerance: Tolerance) -> int:
    """Replicas after missing and unready pods were filled in: hold if that ends or turns the change."""
    if tolerance.holds(second) or (first < 1 < second) or (second < 1 < first):
        return current
    proposed = ceil(second * count)
    turned = (second < 1 and proposed > current) or (second > 1 and proposed < current)
    return current if turned else proposed
