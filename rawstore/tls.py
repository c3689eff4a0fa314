"""TLS between us and a PostgreSQL server: when it is asked for, and against which certificates.

What libpq would fill in from its own variables is looked at too, so that an address in
`PGHOSTADDR` is no way around.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

# Where systems keep the public authorities: Debian, Red Hat, SUSE, Alpine and macOS.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_WEAK = {
    "disable": "nothing is encrypted",
    "allow": "what is sent may go unencrypted, and to whoever answers",
    "prefer": "what is sent may go unencrypted, and to whoever answers",
    "require": "the server's certificate is not checked: whoever answers is believed",
    "verify-ca": "the name in the server's certificate is not checked",
}

_REMEDIES = {
    "certificate verify failed": ": name its authority's certificates with sslrootcert=FILE",
    "does not match host name": ": connect by the name that stands in its certificate",
    "does not support SSL": ": turn TLS on there, or weaken it here with sslmode",
}


def is_local(conninfo: Mapping[str, str]) -> bool:
    """Tell whether every server is on this machine; what is not given, libpq's variables say."""
    if has_service(conninfo):
        return False
    hosts = conninfo.get("host") or os.environ.get("PGHOST", "")
    addresses = conninfo.get("hostaddr") or os.environ.get("PGHOSTADDR", "")
    return all(is_local_host(host) for host in f"{hosts},{addresses}".split(",") if host)


def is_local_host(host: str) -> bool:
    """Tell whether a host is a socket folder, localhost or a loopback address."""
    if host.startswith(("/", "@")) or host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def has_service(conninfo: Mapping[str, str]) -> bool:
    """Tell whether a service file says where the server is."""
    return "service" in conninfo or "PGSERVICE" in os.environ


def root_certificates(conninfo: Mapping[str, str]) -> str | None:
    """The file of the authorities to believe, where nothing names one; None where something does.

    libpq by itself knows only ~/.postgresql/root.crt, and its `system` means the folder that its
    OpenSSL was built with: in psycopg's wheels one that exists nowhere.
    """
    named = conninfo.get("sslrootcert") or os.environ.get("PGSSLROOTCERT") or ""
    if named not in ("", "system") or (not named and has_service(conninfo)):
        return None
    if not named and _has_own():
        return None
    # OpenSSL's own variables go first; a folder is for it to read.
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    bundles = (file,) if file else () if folder else _BUNDLES
    return next((bundle for bundle in bundles if Path(bundle).is_file()), "system")


def _has_own() -> bool:
    try:
        return Path("~/.postgresql/root.crt").expanduser().exists()
    except RuntimeError:  # a user without a home, as containers have them
        return False


def verdict(conninfo: Mapping[str, str]) -> str:
    """What protects a connection, in words."""
    mode = conninfo.get("sslmode")
    if mode == "verify-full":
        return "verified: the server's certificate and its name are checked"
    if is_local(conninfo):
        return "not asked for: the server is on this machine"
    return f"weakened by sslmode={mode}: {_WEAK.get(mode or '', 'unknown')}"


def remedy(said: str) -> str:
    """What libpq's complaint about TLS asks for, as the end of a sentence; "" for another."""
    found = (text for words, text in _REMEDIES.items() if words in said)
    return next(found, "")
