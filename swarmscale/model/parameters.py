"""The table of physical parameters: every setting of every preset with its unit, its meaning and its source."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from .config import Config
from .presets import preset_names
from .resilience.faults import FAULTS

SOURCES = {
    "demand.source": "the trace named, see the notices beside the data files",
    "demand.classes.law": "tokens: of the Azure LLM conversation trace (Patel et al. 2024); else assumed",
    "demand.prefill_ms": "assumed; the order of a 70B model on one 8-GPU server (Patel et al. 2024, Splitwise)",
    "demand.decode_ms": "assumed; the order of a 70B model on one 8-GPU server (Patel et al. 2024, Splitwise)",
    "demand.zipf": "assumed; between .64 and .83 for web requests (Breslau et al. 1999)",
    "fleet.nodes": "the origin's design: 16 coordination nodes",
    "fleet.cluster_agents": "the origin's design: 100-agent clusters",
    "fleet.zone_clusters": "the project's design: 8 clusters a zone",
    "network.latency_ms": "assumed; hosts of one region",
    "dispatch.rule": "d = 2: Mitzenmacher 2001",
}
"""Where a value comes from; every other one is assumed."""


def parameters(section: type[BaseModel] = Config, prefix: str = "") -> list[tuple[str, str, str]]:
    """Every setting as (dotted key, unit, meaning)."""
    rows: list[tuple[str, str, str]] = []
    for name, field in section.model_fields.items():
        key = prefix + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            rows += parameters(field.annotation, key + ".")
        else:
            extra = field.json_schema_extra
            unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
            rows.append((key, unit, field.description or ""))
    return rows


def parameter_table() -> str:
    """The table as Markdown, one row a setting and one column a preset."""
    names = preset_names()
    trees = {name: Config.load(name).model_dump(mode="json") for name in names}
    head = ["setting", "unit", *names, "meaning", "source"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for key, unit, text in parameters():
        values = [_cell(value_at(trees[name], key)) for name in names]
        lines.append("| " + " | ".join([f"`{key}`", unit, *values, text, SOURCES.get(key, "assumed")]) + " |")
    return "\n".join(lines)


def value_at(tree: Any, key: str) -> Any:
    """The value of a dotted key in a tree of settings."""
    for part in key.split("."):
        tree = tree[part]
    return tree


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        settings = ", ".join(f"{k} {v}" for k, v in value.items() if k != "name" and v not in (0, 0.0))
        return f"{value['name']} ({settings})" if settings else str(value["name"])
    if isinstance(value, list) and value and isinstance(value[0], dict) and "work_s" not in value[0]:
        return "; ".join(_told(entry) if "fault" in entry else _fault(entry) for entry in value)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "; ".join(
            f"{c['name']}: {c['share']:g} x {c['type']}, "
            + (c["law"] if c["law"] == "tokens" else f"{c['law']} {c['work_s']:g} s cv {c['cv']:g}")
            + f", due in {c['deadline_s']:g} s"
            for c in value
        )
    if isinstance(value, list):
        return ", ".join(_cell(v) for v in value)
    if isinstance(value, float):
        return f"{value:g}"
    return "-" if value is None else str(value)


def _fault(fault: dict[str, Any]) -> str:
    """A fault with those of its settings that are not its defaults."""
    usual = FAULTS.dump(FAULTS.make(fault["name"]))
    usual |= {k: list(v) for k, v in usual.items() if isinstance(v, tuple)}
    said = [f"{k} {_cell(v)}" for k, v in fault.items() if v != usual[k]]
    return f"{fault['name']} ({', '.join(said)})" if said else str(fault["name"])


def _told(told: dict[str, Any]) -> str:
    """A fault that strikes at a given time."""
    given = {k: told[k] for k in ("components", "number", "share", "for_s") if told[k] not in (None, [])}
    said = "".join(f", {k} {_cell(v)}" for k, v in given.items())
    title = f", {told['title']!r}" if told["title"] else ""
    return f"at {told['at_s']:g} s {_fault(told['fault'])}{said}{title}"
