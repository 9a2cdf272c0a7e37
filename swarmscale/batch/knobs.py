"""Who races: policies, the one knob of each that trades cost for violations, and variants that keep it fair."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from ..errors import ConfigError, UnknownChoiceError
from ..model.forecasting import FORECASTERS
from ..model.forecasting.base import Forecaster
from ..model.scaling import POLICIES
from ..model.scaling.base import ScalingPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """A field of a policy and the values that are tried.

    Attributes:
        field: its name.
        values: ascending, for the fast fidelity.
        full_values: fewer and looser ones for the full fidelity, where queues bridge short shortages; none if the
            same are taken.
        times_peak: whether a value counts in largest needs of the first part of a trace, rounded up.
    """

    field: str
    values: tuple[float, ...]
    full_values: tuple[float, ...] = ()
    times_peak: bool = False

    @property
    def label(self) -> str:
        """What a value counts."""
        return f"{self.field} / peak" if self.times_peak else self.field

    def set(self, policy: ScalingPolicy[Any], value: float, peak: int) -> ScalingPolicy[Any]:
        """The policy with its knob at a value."""
        given: Any = policy
        setting = ceil(value * peak - 1e-9) if self.times_peak else value
        changed: ScalingPolicy[Any] = dataclasses.replace(given, **{self.field: setting})
        return changed


_TARGET = Knob(
    field="target",
    values=(0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85),
    full_values=(0.75, 0.85, 0.92, 1.0, 1.15),
)

KNOBS: dict[str, Knob] = {
    "static": Knob(
        field="agents",
        values=(0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25),
        full_values=(0.5, 0.7, 0.85, 1.0),
        times_peak=True,
    ),
    "hpa": _TARGET,
    "kpa": _TARGET,
    "target": _TARGET,
    "seed": Knob(
        field="k",
        values=(0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.25),
        full_values=(0.6, 0.75, 0.9, 1.1),
    ),
    "quantile": Knob(
        field="k",
        values=(0.85, 0.92, 0.97, 1.0, 1.03, 1.06, 1.1, 1.15, 1.2, 1.3, 1.5, 1.7, 2.0),
        full_values=(0.8, 0.87, 0.93, 1.1, 1.3),
    ),
    "learned": Knob(
        field="objective",
        values=(0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02),
        full_values=(0.001, 0.01, 0.05, 0.2),
    ),
}
"""Knobs by a policy's name; who is not in it races with its own ``race_knob``, or with its defaults alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A policy at one value of its knob.

    Attributes:
        value: of the knob; None without one.
        default: whether it is the policy's default.
        policy: what decides.
    """

    value: float | None
    default: bool
    policy: ScalingPolicy[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A policy in a race.

    Attributes:
        name: in tables and figures.
        policy: with the settings that count as its default.
        knob: what is swept; None for nothing.
        forecaster: whose forecasts it sees; None for those that all see.
    """

    name: str
    policy: ScalingPolicy[Any]
    knob: Knob | None = None
    forecaster: Forecaster[Any] | None = None

    @classmethod
    def of(cls, policy: str | ScalingPolicy[Any]) -> Entrant:
        """An entrant from a policy's or a variant's name, or from a policy, whose settings count as its default.

        Raises:
            UnknownChoiceError: if neither a policy nor a variant has that name.
        """
        if isinstance(policy, str):
            if policy in VARIANTS:
                return VARIANTS[policy]()
            if policy not in list(POLICIES):
                raise UnknownChoiceError("scaling policy", policy, [*POLICIES, *VARIANTS])
            made = POLICIES.make(policy)
            return cls(name=policy, policy=made, knob=knob_of(policy, made))
        name = POLICIES.name_of(policy) or type(policy).__name__
        return cls(name=name, policy=policy, knob=knob_of(name, policy))

    def variants(self, peak: int, full: bool = False) -> list[Variant]:
        """The default and one variant for each value of the knob, by value.

        Args:
            peak: largest need of the first part of the trace, agents.
            full: take the values for the full fidelity.
        """
        knob = self.knob
        if knob is None:
            return [Variant(value=None, default=True, policy=self.policy)]
        usual = 1.0 if knob.times_peak else float(getattr(self.policy, knob.field))
        return [
            Variant(value=value, default=value == usual, policy=knob.set(self.policy, value, peak))
            for value in sorted({*((full and knob.full_values) or knob.values), usual})
        ]


def knob_of(name: str, policy: ScalingPolicy[Any]) -> Knob | None:
    """The knob that is swept: the table's, or what a user's class gives as ``race_knob``; None for nothing."""
    own: Knob | None = getattr(type(policy), "race_knob", None)
    return KNOBS.get(name) or own


def quantile_naive() -> Entrant:
    """``quantile`` with the naive forecast: what forecasting is worth to it."""
    return Entrant(
        name="quantile-naive",
        policy=POLICIES.make("quantile"),
        knob=KNOBS["quantile"],
        forecaster=FORECASTERS.make("naive"),
    )


def hpa_capped() -> Entrant:
    """``hpa`` on utilization, which cannot exceed 1, as its resource metric is in Kubernetes."""
    return Entrant(name="hpa-capped", policy=POLICIES.make("hpa", metric="utilization"), knob=KNOBS["hpa"])


VARIANTS: dict[str, Callable[[], Entrant]] = {"hpa-capped": hpa_capped, "quantile-naive": quantile_naive}
"""Entrants beside the registered policies, by name."""


def entrants(policies: Sequence[str | ScalingPolicy[Any]] | None) -> list[Entrant]:
    """Who races; all registered policies and all variants if None.

    Raises:
        ConfigError: if there is nobody, or two have the same name.
        UnknownChoiceError: if no policy has such a name.
    """
    listed = [Entrant.of(policy) for policy in ([*POLICIES, *VARIANTS] if policies is None else policies)]
    if not listed:
        raise ConfigError("policies = none, but there must be at least one")
    names = [entrant.name for entrant in listed]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"policies: {name} is there {names.count(name)} times, but once is enough")
    return listed
