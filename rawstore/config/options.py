"""Options by variable: `DB_POOL_MAX` for what the URL calls `pool_max`, and so on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ConfigError
from ..target import Target
from ..url import converted
from .places import Places
from .settings import Settings

VARIABLES: Mapping[str, str] = {
    "DB_POOL_MIN": "pool_min",
    "DB_POOL_MAX": "pool_max",
    "DB_POOL_TIMEOUT": "pool_timeout",
    "DB_CONNECT_TIMEOUT": "connect_timeout",
    "DB_STATEMENT_TIMEOUT": "statement_timeout",
    "DB_LOCK_TIMEOUT": "lock_timeout",
    "DB_BUSY_TIMEOUT": "busy_timeout",
    "DB_PREPARE": "prepare",
    "DB_SSLMODE": "sslmode",
    "DB_SSLROOTCERT": "sslrootcert",
    "DB_ECHO": "echo",
    "DB_STATS": "stats",
    "DB_SLOW": "slow",
}
Make = Callable[[Mapping[str, Any]], Target]


class Options:
    """What the variables say; an option that the URL names wins over them."""

    def __init__(self, settings: Settings, places: Places) -> None:
        """Read and convert them. Raises ConfigError, which names the variable."""
        self.values: dict[str, Any] = {}
        self.variables: dict[str, str] = {}  # of each option, the variable that says it
        named = [*VARIABLES.items(), (places.echo_variable, "echo")]  # the store's own comes last
        for variable, option in named:
            value = settings.get(variable)
            if variable and value is not None:
                self.values[option] = converted(option, value.strip(), settings.said_by(variable))
                self.variables[option] = settings.said_by(variable)

    def target(self, make: Make) -> Target:
        """The target that `make` makes of them. Raises ConfigError; names them if they are why."""
        try:
            return make(self.values)
        except ConfigError as error:
            problem = str(error)
        make({})
        raise ConfigError(f"{', '.join(self.variables.values())}: {problem}")
