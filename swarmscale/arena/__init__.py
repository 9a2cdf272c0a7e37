"""The arena: a host economy and a fleet that serves it, coupled tick by tick."""

from .book import Book, Orders, Trades
from .coupling import Arena
from .economy import Economy
from .fleets import Delayed
from .hawkes import Hawkes
from .makers import MakerFigures, MakerMarket, MakerSetup
from .participant import Participant
from .port import Demand, Host, HostError, Report, Turn
from .recording import record, replay
from .schedule import Schedule
from .setup import Setup
from .traits import map_traits

__all__ = [
    "Arena",
    "Book",
    "Delayed",
    "Demand",
    "Economy",
    "Hawkes",
    "Host",
    "HostError",
    "MakerFigures",
    "MakerMarket",
    "MakerSetup",
    "Orders",
    "Participant",
    "Report",
    "Schedule",
    "Setup",
    "Trades",
    "Turn",
    "map_traits",
    "record",
    "replay",
]
