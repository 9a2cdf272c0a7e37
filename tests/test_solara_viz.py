"""Mesa's own page, SolaraViz, can build the model, step it and reset it with other settings."""

import subprocess
import sys

import pytest

pytest.importorskip("solara")

CODE = """
import warnings

warnings.simplefilter("ignore")
import solara
from mesa.visualization import SolaraViz
from mesa.visualization.solara_viz import ModelCreator, split_model_params

import swarmscale as ss

made = []


class Watched(ss.SwarmModel):
    def __init__(self, config="tiny", *, rng=None, scenario=None, **changes):
        super().__init__(config, rng=rng, scenario=scenario, **changes)
        made.append(self)


params = {
    "config": "tiny",
    "fleet.agents": {"type": "SliderInt", "value": 150, "label": "agents", "min": 50, "max": 300, "step": 50},
    "rng": {"type": "InputText", "value": "42", "label": "seed"},
}
first = Watched(rng="42", **{"fleet.agents": 150})
page = SolaraViz(solara.reactive(first), components=[], model_params=params)
box, rc = solara.render(solara.AppLayout(children=[page]), handle_error=False)
import ipyvuetify

buttons = {b.widget.children[0] if b.widget.children else "": b.widget for b in rc.find(ipyvuetify.Btn)}
names = {str(k): v for k, v in buttons.items()}
step = next(v for k, v in names.items() if "Step" in k)
reset = next(v for k, v in names.items() if "Reset" in k)
step.click()
print("steps", made[-1].records.ticks)
reset.click()
print("models", len(made), "seed", made[-1].root_seed, "agents", len(made[-1].fleet), "ticks", made[-1].records.ticks)
direct = ss.SwarmModel(config="tiny", rng="7")
again = type(direct)(config="tiny", rng="7")
print("direct", again.root_seed)
"""


def test_solara_viz_builds_steps_and_resets_the_model():
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", CODE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "steps 1" in done.stdout
    assert "models 2 seed 42 agents 150 ticks 0" in done.stdout
    assert "direct 7" in done.stdout
