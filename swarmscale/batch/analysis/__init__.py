"""What a sweep's table tells: intervals, paired differences, effects, sensitivity, surfaces, Pareto fronts."""

from ...model.intervals import student_ends
from .effects import Interaction, interaction, main_effects, noise_share, shares, strongest
from .intervals import chosen_ends, intervals
from .meaning import Meaning, meaning, objectives_of, shown_first
from .paired import paired
from .pareto import pareto
from .resampling import bootstrap_ends
from .sensitivity import Sensitivity, morris, sensitivity, sobol
from .surface import Surface, grid_table, surface
from .tidy import outcomes_of, varied

__all__ = [
    "Interaction",
    "Meaning",
    "Sensitivity",
    "Surface",
    "bootstrap_ends",
    "chosen_ends",
    "grid_table",
    "interaction",
    "intervals",
    "main_effects",
    "meaning",
    "morris",
    "noise_share",
    "objectives_of",
    "outcomes_of",
    "paired",
    "pareto",
    "sensitivity",
    "shares",
    "shown_first",
    "sobol",
    "strongest",
    "student_ends",
    "surface",
    "varied",
]
