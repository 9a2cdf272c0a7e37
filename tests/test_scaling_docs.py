"""docs/scaling.md names every policy with every setting at its default, and shows what its command printed."""

import dataclasses
import re
from pathlib import Path

import pytest

from swarmscale.model.config import Config
from swarmscale.model.scaling import POLICIES
from swarmscale.model.scaling.pools import SEED_AGENTS, seed_pools

DOCS = Path(__file__).parent.parent / "docs"
TEXT = (DOCS / "scaling.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\S+)\n(.*?)(?=^#)", TEXT, re.M | re.S))


def shown(value):
    """A default as the text shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return f"({', '.join(map(shown, value))})"
    return f"{value:g}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize("name", ["static", "quantile", "learned", "hpa", "kpa", "target", "seed"])
def test_the_text_has_the_main_policies(name):
    assert name in SECTIONS


@pytest.mark.parametrize("name", sorted(set(POLICIES) & set(SECTIONS)))
def test_each_setting_is_shown_with_its_default(name):
    policy = POLICIES.make(name)
    shows = [f"`{f.name}` {shown(getattr(policy, f.name))}" for f in dataclasses.fields(policy)]
    assert f"Settings: {', '.join(shows)}." in SECTIONS[name]


def test_the_pools_are_those_of_the_code():
    for pool in seed_pools(SEED_AGENTS).pools:
        figures = (
            f"{pool.first} | {pool.largest:,} | {pool.step} | {pool.warm_up_s:g} s | {pool.agents_per_unit}"
        )
        assert f"| {pool.name} | {figures} |" in TEXT


def test_the_settings_file_of_the_text_is_one(tmp_path):
    (tmp_path / "shop.toml").write_text(re.findall(r"```toml\n(.*?)```", TEXT, re.S)[0], encoding="utf-8")
    config = Config.load(tmp_path / "shop.toml")
    assert config.scaling == POLICIES.make("quantile", k=1.06, hold_s=180.0)
    assert config.scaler.warm_agents == 40


def test_the_verdicts_of_the_text_are_those_of_the_recorded_output():
    output = (DOCS / "learned.txt").read_text(encoding="utf-8")
    verdicts = re.findall(r"^.*: of \d+ pairs .*$", output, re.M)
    assert len(verdicts) == 3
    for verdict in verdicts:
        assert verdict in TEXT
