"""``python -m swarmscale.bench``."""

import sys

from ..errors import ConfigError
from .command import main

if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ConfigError as error:
        print(f"swarmscale bench: {error}", file=sys.stderr)
        sys.exit(2)
