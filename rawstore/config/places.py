"""Where each store looks for its database, beyond what all stores share."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from ..errors import ConfigError
from ..url import parse_flag
from .settings import Settings

SERVER_VARIABLES: Mapping[str, str] = {
    "DB_HOST": "host",
    "DB_PORT": "port",
    "DB_NAME": "dbname",
    "DB_USER": "user",
    "DB_PASSWORD": "password",
}


class Use(Enum):
    """What a store's switch allows."""

    ANY = "any"
    FILE = "file"
    SERVER = "server"
    MEMORY = "memory"


class Places(NamedTuple):
    """A store's own variables and defaults."""

    file: str
    path_variable: str | None = None
    url_variable: str | None = None
    echo_variable: str | None = None
    database: str | None = None
    # A variable that chooses among the ways, its values in lower case, "" where it is not set.
    switch: str | None = None
    choices: Mapping[str, Use] = {"": Use.ANY}

    @property
    def variables(self) -> tuple[str, ...]:
        """All that could name this store's database."""
        shared = ("DATABASE_URL", "DATABASE_URL_FILE", "PARAMETER_STORE_DB_URL", *SERVER_VARIABLES)
        return tuple(filter(None, (self.url_variable, *shared, self.path_variable)))

    def use(self, settings: Settings) -> Use:
        """What the switch says. Raises ConfigError."""
        value = (settings.get(self.switch) or "").strip().lower()
        if value not in self.choices and parse_flag(value) is not None:
            value = str(parse_flag(value)).lower()
        if value not in self.choices:
            allowed = " or ".join(choice for choice in self.choices if choice)
            raise ConfigError(f"{self.switch} must be {allowed}")
        return self.choices[value]


_STORES = {
    "omnimemory": Places(
        file="data/omnimemory.db",
        path_variable="SQLITE_DB_PATH",
        switch="OMNIMEMORY_DB_TYPE",
        choices={"": Use.FILE, "sqlite": Use.FILE, "postgresql": Use.SERVER},
    ),
    "duiliocode": Places(file="data/duiliocode.db"),
    "contextpilot": Places(
        file="data/contextpilot.db",
        url_variable="CONTEXTPILOT_DATABASE_URL",
        echo_variable="CONTEXTPILOT_DATABASE_ECHO",
        switch="CONTEXTPILOT_USE_DATABASE",
        choices={"": Use.ANY, "true": Use.ANY, "false": Use.MEMORY},
    ),
    "collections": Places(file="data/collections.db", path_variable="DATABASE_PATH"),
    "minipilot": Places(
        file="data/maveric_minipilot.db",
        path_variable="DB_PATH",
        database="maveric_minipilot",
    ),
}


def places(store: str) -> Places:
    """Where a store looks; one that is not built in has the file `data/<name>.db`."""
    return _STORES.get(store) or Places(file=f"data/{store}.db")
