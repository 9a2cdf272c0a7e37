"""``swarmscale fit``: from a log of one's own to a preset."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ConfigError


def fit(
    log: Annotated[
        Path, typer.Argument(metavar="LOG.csv", help="One row a call, start or failure; see --help.")
    ],
    out: Annotated[Path | None, typer.Option(help="The TOML preset to write (default: LOG.toml).")] = None,
    rng: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, not tables.")] = False,
) -> None:
    """Fit laws of service, start-up and failure times to a log, and write them as a preset.

    Columns that are looked for: service_s, start_s, uptime_s, repair_s (times in s, missing ones left empty), and of
    LLM calls prompt_tokens, generated_tokens, first_token_s, price.
    """
    import tomli_w

    from ..model.config import Config
    from ..model.files import write_whole
    from ..model.fitting import fit_log, preset, read_log

    fitted = fit_log(read_log(log), rng)
    target = out or log.with_suffix(".toml")
    if target.suffix != ".toml":
        raise ConfigError(f"--out = {target}, but it must end in .toml")
    tree = preset(fitted, target.stem)
    Config.parse(tree, str(log))
    write_whole(target, lambda part: part.write_text(tomli_w.dumps(tree), encoding="utf-8"))
    if as_json:
        typer.echo(json.dumps(_plain(dataclasses.asdict(fitted)) | {"preset": str(target)}))
        return
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for column, fits in fitted.laws.items():
        table = Table("law", "mean", "cv", "AIC", "KS distance", "p", title=f"{column}: the best law first")
        for f in fits:
            table.add_row(
                f.law,
                f"{f.mean:.5g}",
                f"{f.cv:.3f}",
                f"{f.aic:,.1f}",
                f"{f.distance:.4f}",
                f"{f.p_value:.3f}",
            )
        console.print(table)
        if fits[0].p_value < 0.05:
            console.print(f"no law compared fits {column} well: the best one is refused at the 5 % level")
    if fitted.tokens is not None:
        t = fitted.tokens
        console.print(
            f"prefill {t.prefill_ms:.4g} ms a prompt token, decode {t.decode_ms:.4g} ms a generated token "
            f"({1000 / t.decode_ms if t.decode_ms else math.inf:.4g} tokens/s), explaining {t.explained:.1%} of the "
            f"service times' variance; first token after {t.first_token_s:.4g} s; "
            f"price {t.price_per_1000:.4g} per 1,000 tokens"
        )
    console.print(f"wrote {target}: swarmscale run {target}", highlight=False)


def _plain(value: Any) -> Any:
    """NaN and infinity as None, for JSON."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
