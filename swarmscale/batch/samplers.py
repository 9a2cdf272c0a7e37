"""Samplers: how a search chooses the next settings. All are Optuna's, and need no package beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from ..choices import Choices
from ..errors import ConfigError, require

OLDEST = 5
"""Oldest major version of Optuna whose trials know constraints by name."""


class Sampler(Protocol):
    """A way to choose settings from what earlier ones gave.

    To add one, write a frozen keyword-only dataclass with this method and a line in ``SAMPLERS``.
    """

    def made(self, optuna: Any, seed: int) -> Any:
        """Optuna's sampler.

        Args:
            optuna: the package.
            seed: of its choices.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Tpe:
    """Tree-structured Parzen estimators: new settings lie where good ones are dense and bad ones are not.

    Settings of the same batch keep apart (constant liar).

    Attributes:
        startup: settings that are drawn at random first.
        candidates: of which the best is taken.

    Source:
        Bergstra et al., *Algorithms for Hyper-Parameter Optimization*, NeurIPS (2011); constraints: Watanabe &
        Hutter, *c-TPE*, IJCAI (2023).
    """

    startup: int = 10
    candidates: int = 24

    def __post_init__(self) -> None:
        require(self.startup >= 1, "search.sampler.startup", self.startup, "1 or more")
        require(self.candidates >= 1, "search.sampler.candidates", self.candidates, "1 or more")

    def made(self, optuna: Any, seed: int) -> Any:
        """See :class:`Sampler`."""
        return optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=self.startup, n_ei_candidates=self.candidates, constant_liar=True
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Random:
    """Each factor drawn on its own, whatever came out before: what others must beat."""

    def made(self, optuna: Any, seed: int) -> Any:
        """See :class:`Sampler`."""
        return optuna.samplers.RandomSampler(seed=seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nsga2:
    """A population that is crossed and mutated, the best by fronts and crowding surviving; for several objectives.

    Attributes:
        population: settings of a generation.

    Source:
        Deb et al., *A fast and elitist multiobjective genetic algorithm: NSGA-II*, IEEE TEC 6 (2002).
    """

    population: int = 16

    def __post_init__(self) -> None:
        require(self.population >= 2, "search.sampler.population", self.population, "2 or more")

    def made(self, optuna: Any, seed: int) -> Any:
        """See :class:`Sampler`."""
        return optuna.samplers.NSGAIISampler(seed=seed, population_size=self.population)


SAMPLERS: Choices[Sampler] = Choices("sampler", nsga2=Nsga2, random=Random, tpe=Tpe)
"""Samplers by name."""


def imported() -> Any:
    """Optuna, which says nothing on its own.

    Raises:
        ConfigError: if it is not installed, or too old.
    """
    try:
        import optuna
    except ImportError:
        raise ConfigError("tuning needs Optuna: pip install 'swarmscale[sweep]'") from None
    if int(optuna.__version__.split(".")[0]) < OLDEST:
        raise ConfigError(f"tuning needs Optuna {OLDEST} or newer, but {optuna.__version__} is installed")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
