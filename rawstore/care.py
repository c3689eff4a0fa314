"""What a store has beside its queries: the tools that keep it running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .identity import Identity

if TYPE_CHECKING:
    from .health import Health
    from .migrate import Migrator
    from .store import Store


class Care(Identity):
    """The tools, each loaded when it is called."""

    _engine: Any

    @property
    def _store(self) -> Store:
        """This, as the tools take it: nothing but a store has them."""
        return cast("Store", self)

    @property
    def migrations(self) -> Migrator:
        """The store's migrations on this database."""
        from .migrate import Migrator  # yoyo is not for every call

        connection = getattr(self._engine, "memory", None)
        folder = self.source.migrations(self.target.dialect)
        return Migrator(folder, self.target, self.schema, connection=connection)

    def migrate(self) -> list[str]:
        """Apply what is pending; the ids applied. Safe to call from many processes at once."""
        return self.migrations.up()

    def health(self) -> Health:
        """Whether the database answers, what it is, and whether the migrations are in order."""
        from .health import check  # not for every call

        return check(self._store)

    def drop(self) -> None:
        """Drop every table of the store, with its history. There is no way back."""
        from .drop import drop  # not for every call

        drop(self._store)

    def reset(self) -> list[str]:
        """Drop everything and migrate anew; the ids applied."""
        self.drop()
        return self.migrate()
