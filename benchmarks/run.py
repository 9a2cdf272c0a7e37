"""All benchmarks: the same as ``swarmscale bench``, from a checkout."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

if __name__ == "__main__":
    from swarmscale.bench import main

    sys.exit(main(sys.argv[1:]))
