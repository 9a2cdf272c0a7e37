"""Recordings: a market with all that came into it from outside, so that a replay is the same run bit for bit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..model.config import Config
from ..model.files import write_whole
from .economy import Economy
from .fleets import Delayed
from .participant import Participant
from .personality import Paths76
from .schedule import Schedule
from .setup import Setup

VERSION = 1


def record(economy: Economy, path: str | Path) -> Path:
    """Write a market's settings, seed and all inputs of participants so far, and what the run came to.

    JSON lines: a head, one line an input with the tick before which it was given, and an end with the run's digest.
    The file is written whole or not at all.

    Raises:
        ConfigError: if the market has traits or a fleet that a file cannot name, or the folder cannot be written.
    """
    if economy.given_traits:
        raise ConfigError("traits: a recording holds the seed of drawn traits, not a host's own")
    head = {
        "version": VERSION,
        "rng": economy.root_seed,
        "setup": asdict(economy.setup) | {"schedule": economy.setup.schedule, "paths": economy.setup.paths},
        "kinds": economy.given_kinds,
        "limit": economy.given_limit,
        "fleet": _fleet(economy.arena.fleet),
    }
    end = {"ticks": economy.arena.ticks, "digest": economy.digest()}
    lines = [json.dumps(one) for one in (head, *economy.inputs, end)]
    path = Path(path)
    write_whole(path, lambda part: part.write_text("\n".join(lines) + "\n", encoding="utf-8"))
    return path


def replay(
    path: str | Path,
    *,
    fleet: Any = None,
    each: Callable[[Economy, dict[int, Participant]], object] | None = None,
) -> Economy:
    """Run a recording again.

    Args:
        path: of the recording.
        fleet: one made as the recorded was, not yet stepped; None: it is made from the file.
        each: called after each tick with the market and its participants by number.

    Returns:
        The market at the recording's end.

    Raises:
        ConfigError: if the file is none, or the run came out otherwise.
    """
    try:
        head, *inputs, end = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
        version, ticks, digest = head["version"], end["ticks"], end["digest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} is no whole recording of a market: {type(error).__name__}: {error}"
        ) from None
    if version != VERSION:
        raise ConfigError(f"{path} has version {version}, but this program reads version {VERSION}")
    economy = Economy(
        _setup(head["setup"]), fleet=_made(head["fleet"]) if fleet is None else fleet, kinds=head["kinds"],
        limit=head["limit"], rng=head["rng"],
    )  # fmt: skip
    guests: dict[int, Participant] = {}
    at = 0
    for tick in range(ticks + 1):
        while at < len(inputs) and inputs[at]["tick"] == tick:
            _apply(economy, guests, inputs[at])
            at += 1
        if tick < ticks:
            economy.step()
            if each is not None:
                each(economy, guests)
    if economy.digest() != digest:
        raise ConfigError(f"{path}: the replay came out otherwise than the run that was recorded")
    return economy


def _apply(economy: Economy, guests: dict[int, Participant], line: dict[str, Any]) -> None:
    how = {k: v for k, v in line.items() if k not in ("tick", "who", "what")}
    if line["what"] == "join":
        guest = economy.join(**how)
        guests[guest.number] = guest
    else:
        getattr(guests[line["who"]], line["what"])(**how)


def _setup(raw: dict[str, Any]) -> Setup:
    known = {one.name for one in fields(Setup)}
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items() if k in known}
    prices, values, costs, units = raw["schedule"]
    given["schedule"] = Schedule(prices, tuple(values), tuple(costs), units)
    given["paths"] = Paths76(*raw["paths"])
    return Setup(**given)


def _fleet(fleet: Any) -> dict[str, Any]:
    """What makes a fleet anew."""
    if isinstance(fleet, Delayed):
        names = ("dt", "delay_s", "work_weight", "loss", "limit")
        return {"delayed": {name: getattr(fleet, name) for name in names}}
    model = getattr(fleet, "model", fleet)
    config = getattr(model, "config", None)
    if config is None or fleet is not model:
        raise ConfigError(
            f"fleet = a {type(fleet).__name__}, which a recording cannot make anew; record a market whose fleet is a "
            "SwarmModel or a Delayed"
        )
    return {"config": config.tree(), "rng": model.root_seed}


def _made(raw: dict[str, Any]) -> Any:
    if "delayed" in raw:
        return Delayed(**raw["delayed"])
    from ..model.swarm import SwarmModel

    return SwarmModel(Config.load(raw["config"]), rng=raw["rng"])
