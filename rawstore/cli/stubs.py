"""`rawstore stubs`: what editors and type checkers see of a store."""

from __future__ import annotations

from pathlib import Path

import click

from .. import stores as packaged
from ..source import Source
from ..stubs import stub
from . import errors, stores
from .options import common, store_argument

_PACKAGED = Path(packaged.__file__).parent


@click.command()
@store_argument(required=False)
@click.option("--check", is_flag=True, help="Write nothing; exit with 6 where one is not current.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write it. [default: STORE/<store>.pyi; of a shipped store, in the package]",
)
@common
def stubs(store: str | None, output: Path | None, *, check: bool) -> int:
    """Write typed stubs from the query files.

    They give editors and mypy --strict every method, parameter, default, row and doc. Without
    STORE: those of all shipped stores. For a folder of your own use them so:

    \b
      if TYPE_CHECKING:
          from shop.shop import Store
      store = cast("Store", rawstore.open(Path("shop")))

    They hold AsyncStore for rawstore.open_async too.
    """  # noqa: D301 - click wants the character that \b stands for
    stale = 0
    for name in [store] if store else stores.builtin():
        source = stores.find(name)
        path = output or _place(source)
        text = stub(source.load(stores.dialects(name)[-1]))
        current = path.read_text(encoding="utf-8") if path.exists() else None
        if text == current:
            continue
        if check:
            click.echo(f"{path}: not current; run: rawstore stubs {name}")
            stale = errors.FINDINGS
        else:
            path.write_text(text, encoding="utf-8")
            click.echo(f"wrote {path}")
    return stale


def _place(source: Source) -> Path:
    folder = _PACKAGED if source.shipped else source.root
    return folder / f"{source.name}.pyi"
