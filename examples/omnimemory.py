"""A tool records what it did, and what that saved.

    $ python examples/omnimemory.py
    session: 49500 tokens saved
    read overview: 2 operations, 45000 tokens, p95 19.5 ms
    search semantic: 1 operations, 4500 tokens, p95 80.0 ms
    3 operations prevented 49500 tokens: $0.7425

The database is the argument's (an URL), or where the environment says.
"""

from __future__ import annotations

import sys

import rawstore


def main(url: str | None = None) -> None:
    """Run one session with three operations."""
    with rawstore.open("omnimemory", url) as store:
        store.migrate()
        session = store.start_session("claude-code", tool_version="2.1")
        for name, mode, original, actual, milliseconds in [
            ("read", "overview", 32_000, 2_000, 12.0),
            ("read", "overview", 16_000, 1_000, 19.9),
            ("search", "semantic", 5_000, 500, 80.0),
        ]:
            store.record_operation(
                session.session_id,
                name,
                mode,
                tokens_original=original,
                tokens_actual=actual,
                tokens_prevented=original - actual,
                response_time_ms=milliseconds,
                tool_id=session.tool_id,
                parameters={"compress": True},
            )
        ended = store.end_session(session.session_id)
        if ended is not None:  # there is such a session
            print(f"session: {ended.tokens_saved} tokens saved")

        for row in store.operation_breakdown(since=session.started_at):
            print(
                f"{row.tool_name} {row.operation_mode}: {row.operations} operations, "
                f"{row.tokens_prevented} tokens, p95 {row.p95_response_time_ms:.1f} ms"
            )
        saved = store.savings(since=session.started_at)
        print(
            f"{saved.operations} operations prevented {saved.tokens_prevented} tokens: "
            f"${saved.usd_saved}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
