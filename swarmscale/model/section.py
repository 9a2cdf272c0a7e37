"""What settings are made of: a frozen group of fields, a field with its unit, a field that holds a strategy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from ..choices import Choices
from ..errors import ConfigError


class Section(BaseModel):
    """A frozen group of settings; an unknown field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False)


def setting(default: Any, text: str, unit: str = "", **rules: Any) -> Any:
    """A field with its meaning, unit and rules."""
    return Field(default, description=text, json_schema_extra={"unit": unit}, **rules)


class ChoiceOf:
    """Marks a field that holds a strategy, and names its table."""

    def __init__(self, table: Choices[Any]) -> None:
        self.table = table


def choice(table: Choices[Any]) -> Any:
    """The type of a field that holds one of a family of strategies."""

    def read(value: object) -> object:
        if isinstance(value, str):
            return table.make(value)
        if isinstance(value, Mapping):
            given = dict(value)
            name = given.pop("name", None)
            if not isinstance(name, str):
                raise ConfigError(f"a {table.kind} needs a name; there are: {', '.join(table)}")
            return table.make(name, **given)
        return value

    return Annotated[
        Any,
        ChoiceOf(table),
        BeforeValidator(read),
        PlainSerializer(table.dump, when_used="json"),
        WithJsonSchema({"type": "object"}),
    ]


Share = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1."""
