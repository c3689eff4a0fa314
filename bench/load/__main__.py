"""`python -m bench.load STORE --url URL --rows N`: migrate a store and fill its tables."""

from __future__ import annotations

import time

import click

from . import VOLUMES, load


@click.command()
@click.argument("store", type=click.Choice(list(VOLUMES)))
@click.option("--url", required=True, help="An empty database, or an SQLite file to make.")
@click.option("--rows", default=1_000_000, show_default=True, help="Rows of the larger tables.")
@click.option("--seed", default=1, show_default=True, help="The same seed, the same rows.")
def main(store: str, url: str, rows: int, seed: int) -> None:
    """Migrate STORE and fill its tables with skewed data."""
    began = time.monotonic()

    def progress(done: str) -> None:
        click.echo(f"{time.monotonic() - began:6.1f} s  {done}")

    load(store, url, rows, seed=seed, progress=progress)
    progress("done")


if __name__ == "__main__":
    main()
