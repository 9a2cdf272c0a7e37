"""The scorecard: every quantitative claim of the origin, measured over several draws, with a verdict."""
