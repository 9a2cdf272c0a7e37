"""Named settings: one TOML file each."""

from __future__ import annotations

from pathlib import Path

from ...errors import UnknownChoiceError

DEFAULT = "llm-fleet"


def preset_names() -> tuple[str, ...]:
    """Names of the presets, in alphabetical order."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.toml")))


def preset_path(name: str) -> Path:
    """The file of a preset, or the path itself if it is that of a TOML file.

    Raises:
        UnknownChoiceError: if it is neither.
    """
    own = Path(__file__).parent / f"{name}.toml"
    if own.exists():
        return own
    if name.endswith(".toml") or "/" in name:
        return Path(name)
    raise UnknownChoiceError("preset", name, [*preset_names(), "the path of a .toml file"])
