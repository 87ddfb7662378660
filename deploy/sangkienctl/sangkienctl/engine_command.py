"""`sangkienctl engine build|status`: the fast database engine on this machine."""

from __future__ import annotations

import sys

import click
from rich.console import Console

from sangkienctl import engine_build, screen

NOT_BUILT = 3
console = Console(soft_wrap=True)


@click.group()
def engine() -> None:
    """The fast engine of the embedded databases: build it once per machine."""


@engine.command()
def build() -> None:
    """Build it into the user's cache, unless it is built. Takes 4 to 9 minutes on two cores."""
    if engine_build.program() is None:
        with screen.counted(console, "Building the database engine", engine_build.STEPS) as counter:
            engine_build.build(counter)
    console.print(
        f"The fast database engine {engine_build.VERSION} is built; `make up` uses it.", highlight=False
    )


@engine.command()
def status() -> None:
    """Show whether it is built, or what a build needs; exit code 3 if it is not built."""
    built = engine_build.program()
    if built is not None:
        click.echo(f"built: {built}")
        return
    missing = engine_build.obstacles()
    if missing:
        click.echo(f"not built; missing {', '.join(missing)}. {engine_build.INSTALL}")
    else:
        click.echo("not built; `make engine` builds it")
    sys.exit(NOT_BUILT)
