"""How far a standby is behind, asked of it or of its primary."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .verdict import Findings

CATCH_UP = 0.2  # seconds that a standby gets to replay what it has received
_STEP = 0.02

# The time of the last replayed commit says nothing while the primary is idle, and too much of a
# commit that comes after hours of idleness: what has been received must also stay unreplayed.
_STANDBY = b"""/* rawstore health */
SELECT
    pg_is_in_recovery(),
    (SELECT count(*) FROM pg_catalog.pg_stat_wal_receiver),
    pg_last_wal_receive_lsn(),
    coalesce(pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn(), false),
    extract(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp()),
    CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() END
"""
_REPLAYED = b"/* rawstore health */ SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn"
_STANDBYS = b"""/* rawstore health */
SELECT
    coalesce(nullif(application_name, ''), 'pid ' || pid),
    state,
    extract(EPOCH FROM replay_lag),
    pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn),
    extract(EPOCH FROM clock_timestamp() - reply_time)
FROM pg_catalog.pg_stat_replication
WHERE coalesce(state, '') <> 'backup'
ORDER BY application_name, pid
"""

_Row = tuple[str | None, ...]
_AskRow = Callable[..., _Row]
_AskRows = Callable[[bytes], list[_Row]]


def look(row: _AskRow, rows: _AskRows, max_lag: float, found: Findings) -> None:
    """Add what there is to say of replication; `max_lag` is in seconds."""
    standby, *state = row(_STANDBY)
    if standby == "t":
        _standby(row, state, max_lag, found)
    else:
        _primary(rows, max_lag, found)


def _standby(row: _AskRow, state: list[str | None], max_lag: float, found: Findings) -> None:
    receivers, received, replayed, age, paused = state
    lag = None if age is None else float(age)
    if replayed != "t" and received and (lag is None or lag > max_lag):
        replayed = "t" if _catches_up(row, received) else replayed
    if replayed == "t":
        lag = 0.0
    found.replication = {"role": "standby", "lag": lag}
    if receivers == "0":
        text = "the standby receives nothing: it is not connected to its primary"
        found.problem("lagging", text)
    elif lag is None:
        found.problem("lagging", "the standby has not replayed anything yet")
    elif lag > max_lag:
        why = "" if paused in (None, "not paused") else f" (replay is {paused})"
        found.problem("lagging", f"the standby is {lag:.1f} s behind its primary{why}")


def _catches_up(row: _AskRow, received: str) -> bool:
    end = time.monotonic() + CATCH_UP
    while row(_REPLAYED, received) != ("t",):
        if time.monotonic() > end:
            return False
        time.sleep(_STEP)
    return True


def _primary(rows: _AskRows, max_lag: float, found: Findings) -> None:
    standbys = [_described(*each) for each in rows(_STANDBYS)]
    found.replication = {"role": "primary", "standbys": standbys}
    if not standbys:
        found.problem("lagging", "no standby is connected to this primary")
    if any(each["state"] is None for each in standbys):
        found.warnings.append("this role may not see how its standbys are: GRANT pg_monitor")
    for each in standbys:
        if each["lag"] is not None and each["lag"] > max_lag:
            text = f"the standby {each['name']} is {each['lag']:.1f} s behind"
            found.problem("lagging", text)


def _described(
    name: str | None, state: str | None, lag: str | None, behind: str | None, silent: str | None
) -> dict[str, Any]:
    return {
        "name": name,
        "state": state,
        "lag": None if lag is None else float(lag),
        "bytes": None if behind is None else int(behind),
        "silent": None if silent is None else float(silent),
    }
