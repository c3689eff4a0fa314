"""A place, seen through the slow network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import PurePosixPath
from statistics import median
from urllib.parse import quote

import psycopg

import rawstore
from rawstore.errors import ConfigError
from rawstore.tls import is_local_host

from .place import FOLDER, Place, with_pool
from .proxy import delaying

_TIMES = 200


@contextmanager
def delayed(place: Place) -> Iterator[Place]:
    """The same database, half a millisecond away. Raises ConfigError where it is not here."""
    keywords = place.store.target.conninfo
    host, port = keywords.get("host", ""), keywords.get("port") or "5432"
    if not is_local_host(host) or "," in host or keywords.get("sslmode", "disable") != "disable":
        raise ConfigError(
            "a slow network is simulated for a server on this machine, without TLS: leave these "
            "scenarios out, or measure from as far away as you mean"
        )
    local = PurePosixPath(host, f".s.PGSQL.{port}") if host.startswith("/") else None
    with delaying(str(local) if local else (host, int(port))) as slow:
        user, password = (quote(keywords.get(key, ""), safe="") for key in ("user", "password"))
        name = quote(keywords.get("dbname", ""), safe="")
        secret = f":{password}" if password else ""
        url = with_pool(f"postgresql://{user}{secret}@127.0.0.1:{slow}/{name}?sslmode=disable")
        with rawstore.open(FOLDER, url) as store:
            yield replace(place, url=url, store=store)


def round_trip(place: Place) -> float:
    """The median time, in microseconds, of the least that can be asked of the server."""
    taken = []
    with psycopg.connect(place.conninfo, autocommit=True) as server:
        for _ in range(_TIMES):
            start = time.perf_counter_ns()
            server.execute("SELECT")
            taken.append(time.perf_counter_ns() - start)
    return median(taken) / 1000
