"""Alerts: what rules read, with its limit and cause, from first seen until resolved; one for each rule and subject."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal

from ...errors import ConfigError, UnknownChoiceError
from .rules.base import AlertRule, Reading, Severity

type State = Literal["pending", "firing", "acknowledged", "silenced", "resolved"]

OPEN: tuple[State, ...] = ("firing", "acknowledged", "silenced")
"""States of an alert that has fired and is not over."""
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
"""The gravest first."""


@dataclass(slots=True, kw_only=True)
class Alert:
    """Something that is, or was, out of its limits.

    Attributes:
        key: names it: the rule's title, and the subject if there is one.
        rule: title of the rule.
        subject: what it is about; empty for the whole fleet.
        severity: info, warning or critical.
        text: what it means, in words.
        cause: why, in words, as last seen.
        first_s: when it was first seen out of its limits, in its present or last spell, s.
        last_s: when it was last seen so, s.
        count: looks at which it was seen so, in all spells.
        fired: times that it began to fire.
        value: as last seen.
        limit: that it passed then.
        state: pending (not for long enough yet, or held back), firing, acknowledged, silenced or resolved.
        silenced_until_s: s; -infinity if it is not.
        held: why it does not fire though it is out for long enough, in words.
    """

    key: str
    rule: str
    subject: str
    severity: Severity
    text: str
    cause: str
    first_s: float
    last_s: float
    count: int = 0
    fired: int = 0
    value: float
    limit: float
    state: State = "pending"
    silenced_until_s: float = -inf
    held: str = ""

    @property
    def open(self) -> bool:
        """Whether it has fired and is not over."""
        return self.state in OPEN


@dataclass(slots=True)
class Alerts:
    """All alerts of a run, by key, and when each changed its state.

    Attributes:
        by_key: the alerts.
        log: time s, key and new state, for each change.
    """

    by_key: dict[str, Alert] = field(default_factory=dict)
    log: list[tuple[float, str, str]] = field(default_factory=list)

    def __iter__(self) -> Iterator[Alert]:
        return iter(self.by_key.values())

    def __len__(self) -> int:
        return len(self.by_key)

    def __getitem__(self, key: str) -> Alert:
        if key not in self.by_key:
            raise UnknownChoiceError("alert", key, self.by_key)
        return self.by_key[key]

    def note(self, time_s: float, title: str, rule: AlertRule, readings: Iterable[Reading]) -> None:
        """Take in all that a rule reads at a look; what it does not speak of any more is over.

        Args:
            time_s: of the look, s.
            title: of the rule.
            rule: the rule.
            readings: one a subject.
        """
        seen = set()
        for one in readings:
            key = f"{title}: {one.subject}" if one.subject else title
            seen.add(key)
            alert = self.by_key.get(key)
            if one.out:
                alert = alert or self._begin(key, title, rule, one, time_s)
                self._see(alert, rule, one, time_s)
            elif alert is not None and alert.state != "resolved":
                alert.value, alert.limit = one.value, one.limit
                self._end(alert, time_s)
        for alert in list(self.by_key.values()):
            if alert.rule == title and alert.key not in seen and alert.state != "resolved":
                self._end(alert, time_s)

    def _begin(self, key: str, title: str, rule: AlertRule, one: Reading, time_s: float) -> Alert:
        alert = Alert(
            key=key,
            rule=title,
            subject=one.subject,
            severity=rule.severity,
            text=rule.text,
            cause=one.cause,
            first_s=time_s,
            last_s=time_s,
            value=one.value,
            limit=one.limit,
            state="resolved",
        )
        self.by_key[key] = alert
        return alert

    def _see(self, alert: Alert, rule: AlertRule, one: Reading, time_s: float) -> None:
        """It is out of its limits."""
        if alert.state == "resolved":
            alert.first_s = time_s
            self._turn(alert, "pending", time_s)
        alert.last_s, alert.count = time_s, alert.count + 1
        alert.value, alert.limit, alert.cause, alert.held = one.value, one.limit, one.cause, one.held
        if alert.state == "silenced" and time_s >= alert.silenced_until_s:
            self._turn(alert, "firing", time_s)
        if alert.state == "pending" and not one.held and time_s - alert.first_s >= rule.for_s - 1e-9:
            alert.fired += 1
            quiet = time_s < alert.silenced_until_s
            self._turn(alert, "silenced" if quiet else "firing", time_s)

    def _end(self, alert: Alert, time_s: float) -> None:
        """It is within its limits again; what never fired and was never told of is forgotten."""
        self._turn(alert, "resolved", time_s)
        alert.held = ""
        if not alert.fired:
            del self.by_key[alert.key]

    def _turn(self, alert: Alert, state: State, time_s: float) -> None:
        alert.state = state
        self.log.append((time_s, alert.key, state))

    def acknowledge(self, key: str, time_s: float) -> None:
        """Somebody takes care of it: it stays open, and no longer fires.

        Raises:
            UnknownChoiceError: if there is no such alert.
            ConfigError: if it is not open.
        """
        alert = self[key]
        if not alert.open:
            raise ConfigError(
                f"alert {key!r} is {alert.state}, but only one that is open can be acknowledged"
            )
        self._turn(alert, "acknowledged", time_s)

    def silence(self, key: str, until_s: float, time_s: float) -> None:
        """Let it keep quiet until a time, in s, whether it is open now or fires meanwhile.

        Raises:
            UnknownChoiceError: if there is no such alert.
            ConfigError: if that time has passed.
        """
        alert = self[key]
        if until_s <= time_s:
            raise ConfigError(f"until_s = {until_s:g}, but it must be after now, {time_s:g}")
        alert.silenced_until_s = until_s
        if alert.open:
            self._turn(alert, "silenced", time_s)

    def ordered(self) -> list[Alert]:
        """All of them: open ones first, the gravest and newest first among these."""
        return sorted(
            self, key=lambda a: (not a.open, a.state == "resolved", SEVERITIES.index(a.severity), -a.first_s)
        )

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {"by_key": self.by_key, "log": self.log}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        self.by_key, self.log = memory["by_key"], memory["log"]
