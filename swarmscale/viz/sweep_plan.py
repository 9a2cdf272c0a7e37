"""The plan of a sweep as the file that makes it again, and the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomli_w

if TYPE_CHECKING:
    from ..batch.plan import Plan


def plan_toml(plan: Plan) -> str:
    """A sweep file that makes the same runs, whatever presets become: it holds the whole base.

    Where seeds are not consecutive no file can say so; then a line says which they were.
    """
    facts = plan.as_dict()
    design = dict(facts["design"])
    if design.get("kind", "grid") == "list":
        design |= {"kind": "list", "settings": facts["settings"]}
    consecutive = list(plan.seeds) == list(range(plan.seeds[0], plan.seeds[0] + len(plan.seeds)))
    tree: dict[str, Any] = {
        "name": facts["name"],
        "replications": len(plan.seeds),
        "rng": plan.seeds[0],
        "outcomes": facts["outcomes"],
        "probe": facts["probe"],
        "records": facts["records"],
        "time_limit_s": facts["time_limit_s"],
        "plugins": facts["plugins"],
        "set": facts["fixed"],
        "design": design,
        "base": facts["base"],
    }
    text = tomli_w.dumps(_known({k: v for k, v in tree.items() if v not in ([], {})}))
    return text if consecutive else f"# seeds were {list(plan.seeds)}\n{text}"


def commands(plan: Plan) -> list[tuple[str, str]]:
    """What to type for the whole sweep and for one run of it, each with what it does."""
    first = plan.settings[0]
    pairs = " ".join(f"--set '{key}={_word(value)}'" for key, value in {**plan.fixed, **first}.items())
    return [
        (
            f"swarmscale sweep {plan.name}.toml",
            "the whole sweep, from the file below; it goes on where it stopped",
        ),
        (
            f"swarmscale run base.toml {pairs} --rng {plan.seeds[-1]}".replace("  ", " "),
            f"setting 0, replication {len(plan.seeds) - 1} alone, with all its records; base.toml holds [base] below",
        ),
    ]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{k} = {_word(v) if not isinstance(v, str) else repr(v)}" for k, v in value.items())
            + "}"
        )
    return str(value)


def _known(tree: Any) -> Any:
    """The tree without None, which TOML does not have."""
    if isinstance(tree, dict):
        return {k: _known(v) for k, v in tree.items() if v is not None}
    return [_known(v) for v in tree] if isinstance(tree, list) else tree
