"""What one browser tab has: its session, a saved run that it looks at instead, and what it compares with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .compare import Pairing, comparison_page
from .experiments.jobs import Jobs
from .experiments.lab import Lab
from .pages import PAGES
from .pages.experiments import experiments_page
from .panels import LivePage, View
from .saved import Saved
from .session import Session


@dataclass(slots=True)
class Desk:
    """All that belongs to a tab and outlives a change of its page.

    Attributes:
        session: the running model.
        runs: folder of saved runs that may be opened.
        saved: a saved run that is looked at; None for the running model.
        pairing: what the run is compared with.
        jobs: sweeps that pages of this server began; those of its own folder, which may not begin any, if None.
        lab: the laboratory of the page Experiments.
        pages: all pages, the comparison last.
    """

    session: Session
    runs: Path
    saved: Saved | None = None
    pairing: Pairing = field(default_factory=Pairing)
    jobs: Jobs | None = None
    lab: Lab = field(init=False)
    pages: tuple[LivePage, ...] = ()

    def __post_init__(self) -> None:
        jobs = self.jobs or Jobs(self.runs)
        self.lab = Lab(jobs.root, jobs, self.session.most_agents)
        self.pages = (*PAGES, experiments_page(self.lab), comparison_page(self.pairing))

    @property
    def view(self) -> View:
        """What pages look at."""
        return self.session if self.saved is None else self.saved

    def look(self, saved: Saved | None) -> None:
        """Look at a saved run, at another time of it, or at the running model again."""
        if saved is not None:
            self.session.play(False)
        self.saved = saved
        self.session.changed()

    def page(self, path: str) -> LivePage:
        """The page of a path; the first one if there is none."""
        return next((page for page in self.pages if page.path == path), self.pages[0])
