"""An assistant keeps a user's preferences and history, and its own metrics.

    $ python examples/duiliocode.py
    theme: dark
    user: How do I merge two branches?
    assistant: Run git merge on the branch that shall hold both.
    found: How do I <b>merge</b> two <b>branches</b>?
    chat: 2 calls, 50% failed, p50 210 ms

The database is the argument's (an URL), or where the environment says.
"""

from __future__ import annotations

import sys

import rawstore


def main(url: str | None = None) -> None:
    """Run one conversation."""
    with rawstore.open("duiliocode", url) as store:
        store.migrate()
        store.delete_session_history("ann", "git")  # of an earlier run

        store.set_preference("ann", "theme", "light")
        store.set_preference("ann", "theme", "dark")
        print(f"theme: {store.get_preference('ann', 'theme')}")

        with store.transaction() as tx:
            first = tx.save_message("ann", "git", "user", "How do I merge two branches?")
            answer = "Run git merge on the branch that shall hold both."
            tx.save_message("ann", "git", "assistant", answer, model="small", extra_data={"n": 1})
        for message in store.get_conversation_history("ann", "git"):
            print(f"{message.role}: {message.content}")
        for hit in store.search_history("ann", 'merged branch -"shall hold"'):
            print(f"found: {hit.snippet}")

        store.save_metric("chat", 180)
        store.save_metric("chat", 240, success=False, error="Timed out")
        for row in store.metric_summary(since=first.created_at):
            print(
                f"{row.operation}: {row.calls} calls, {row.error_rate:.0%} failed, "
                f"p50 {row.p50_duration_ms:.0f} ms"
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
