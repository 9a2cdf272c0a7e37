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


def preset_about(name: str) -> str:
    """What a preset is, in a sentence: the comment on the first line of its file."""
    with preset_path(name).open(encoding="utf-8") as file:
        return file.readline().lstrip("# ").strip()
