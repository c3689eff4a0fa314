"""What a working connection is opened with."""

from __future__ import annotations

from ..target import PostgresTarget
from .postgres_session import GRACE

IDLE_IN_TRANSACTION = 60.0


def session_conninfo(target: PostgresTarget, schema: str) -> dict[str, str]:
    """A working connection's keywords for libpq: the target's, and our session settings."""
    conninfo = {"connect_timeout": "5", **target.conninfo, "client_encoding": "utf8"}
    if target.prepare:  # a transaction pooler refuses `options`
        settings = {
            "search_path": f'"{schema}",public',
            "timezone": "UTC",
            "statement_timeout": f"{target.statement_timeout * 1000:.0f}",
            "lock_timeout": f"{target.lock_timeout * 1000:.0f}",
            "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION * 1000:.0f}",
            "client_connection_check_interval": f"{GRACE * 1000:.0f}",
        }
        ours = " ".join(f"-c {name}={value}" for name, value in settings.items())
        conninfo["options"] = f"{ours} {conninfo.get('options', '')}".strip()
    return conninfo
