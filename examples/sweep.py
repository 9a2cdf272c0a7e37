"""A sweep from Python: three policies at two start-up delays, three replications each, on two processes."""

import tempfile

import swarmscale as ss

PLAN = {
    "name": "first",
    "base": "tiny",
    "replications": 3,
    "rng": 7,
    "outcomes": ["cost", "response_p95_s"],
    "set": {"seconds": 300, "intelligence.on": False, "demand.load": 0.9, "scaler.pools": "none"},
    "design": {"kind": "grid", "over": {"scaling": ["static", "hpa", "quantile"], "life.start_s": [5, 60]}},
}

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        first = ss.sweep(PLAN, out=folder, workers=2)
        again = ss.sweep(PLAN, out=folder, workers=2)  # all is there: nothing is made anew
        print(f"{first.computed} runs made, then {again.computed}; failed: {len(first.failed)}")
        means = again.means().set_index(["set.scaling", "set.life.start_s"])
        print(means[["cost", "response_p95_s"]].round(2).to_string())
