"""The demand traces that come with the package, and which file a name or a path stands for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from os import PathLike, fspath
from pathlib import Path

from ...errors import ConfigError, UnknownChoiceError


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceInfo:
    """What is known about a shipped trace.

    Attributes:
        name: the name to load it by.
        file: its file among the package's data.
        requests: whether it holds single requests and not demand per bin.
        unit: unit of its demand once loaded.
        licence: SPDX identifier; the notices are in ``LICENSES.md`` beside the file.
        citation: whom to name, and the source.
        description: what it shows, in one line.
        counts_per_bin: whether the file's demand is a count per bin, divided by the step when loaded.
    """

    name: str
    file: str
    requests: bool
    unit: str
    licence: str
    citation: str
    description: str
    counts_per_bin: bool = False


_AZURE = "Patel et al., Splitwise, ISCA 2024; Azure/AzurePublicDataset"
_MICROSOFT = "Microsoft Corporation; microsoft/cloud-monitoring-dataset"


def shipped() -> tuple[TraceInfo, ...]:
    """The traces that come with the package, in the order of their names."""
    return (
        TraceInfo(
            name="azure-llm-conv",
            file="azure_llm_conv_requests.csv",
            requests=True,
            unit="requests/s",
            licence="CC-BY-4.0",
            citation=_AZURE,
            description="19,366 requests to an LLM conversation service over 58 min, with their tokens",
        ),
        TraceInfo(
            name="azure-llm-conv-10s",
            file="azure_llm_conv_10s.csv",
            requests=False,
            unit="requests/s",
            licence="CC-BY-4.0",
            citation=_AZURE,
            description="the same requests in bins of 10 s (the first and last only in part): one hump",
        ),
        TraceInfo(
            name="crane13",
            file="crane_service13_1min.csv",
            requests=False,
            unit="relative",
            licence="Apache-2.0",
            citation="The Crane Authors; gocrane/crane",
            description="16 d of a production service: clean days, a weekend, sharp dips; unit not published",
        ),
        TraceInfo(
            name="goog-tweets",
            file="nab_twitter_goog_5min.csv",
            requests=False,
            unit="mentions/s",
            licence="MIT",
            citation="Numenta Inc.; numenta/NAB",
            description="55 d of Twitter mentions of GOOG, bins of 5 min: low and bursty, peaks of 22 means",
            counts_per_bin=True,
        ),
        TraceInfo(
            name="ms-app1",
            file="ms_db_app1_rps_1min.csv",
            requests=False,
            unit="queries/s",
            licence="MIT",
            citation=_MICROSOFT,
            description="11 d of database queries of one application: strong days, peaks of 2.6 means",
        ),
        TraceInfo(
            name="ms-app3",
            file="ms_db_app3_rps_levelshift_1min.csv",
            requests=False,
            unit="queries/s",
            licence="MIT",
            citation=_MICROSOFT,
            description="11 d of database queries of another: the level nearly triples on days 6 and 7",
        ),
    )


def read_bytes(name_or_path: str | PathLike[str]) -> tuple[TraceInfo | None, str, bytes]:
    """The bytes of a shipped trace (a plain str that is its name) or of a user's file.

    Returns:
        What is known about it (None for a user's file), what to call it in refusals, and the bytes.

    Raises:
        UnknownChoiceError: if a bare word is neither a shipped name nor a file.
        ConfigError: if there is no such file, or it cannot be read.
    """
    label = fspath(name_or_path)
    known = {info.name: info for info in shipped()}
    if isinstance(name_or_path, str) and label in known:
        info = known[label]
        return info, label, (files(__package__) / "data" / info.file).read_bytes()
    path = Path(label)
    try:
        return None, label, path.read_bytes()
    except FileNotFoundError:
        if path.name == label and not path.suffix:
            unknown = UnknownChoiceError("demand trace", label, known)
            unknown.args = (f"{unknown}; or give the path of a CSV file",)
            raise unknown from None
        raise ConfigError(f"{label}: there is no such file; shipped traces are {', '.join(known)}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{label or repr(label)}: cannot be read ({reason})") from None
