"""The five stores, filled through their own queries with values that are easily spoiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

TEXT = "Zoë 😀 \u2028\u2029 \"double\" 'single' \\back\\ tab\t line\nfeed\r\x01\x7f\ufeff <&> null"
JSON = {
    "z": [1e308, -1e-308, 0.1, 2**63, -(2**70), 1.0, True, None],
    "a": {TEXT: TEXT, "": {}, "list": []},
    "é": "x" * 300,
}
BIG = 2**63 - 1


def fill_minipilot(store: Any) -> None:
    ann = store.create_user(email="ann@example.com", name=TEXT, external_id="1")
    store.create_user()
    talk = store.create_conversation(user_id=ann.id, title=TEXT)
    store.create_conversation(status="archived")
    for content in (TEXT, "", "x" * 100_000):
        store.add_message(conversation_id=talk.id, sender_type="user", content=content)
    store.add_message(talk.id, "assistant", "with metadata", role_metadata=JSON)
    store.update_user(ann.id, name=f"{TEXT} again")


def fill_omnimemory(store: Any) -> None:
    session = store.start_session("tool", tool_version=TEXT[:50])
    store.start_session("other")
    tokens = {"tokens_original": 2**31 - 1, "tokens_actual": 1, "tokens_prevented": 7}
    for milliseconds in (1e308, 0.1, 5e-324, 0.0, 3.0):
        store.record_operation(
            session.session_id,
            "read",
            "full",
            **tokens,
            response_time_ms=milliseconds,
            tool_id="tool",
            parameters=JSON,
            file_path=TEXT,
        )
    store.add_session_totals(session.session_id, tokens_saved=BIG - 100)
    store.end_session(session.session_id)


def fill_duiliocode(store: Any) -> None:
    for key in ("theme", TEXT, ""):
        store.set_preference("ann", key, TEXT)
    store.delete_preference("ann", "theme")
    extra: Any
    for extra in (None, JSON, [], "text", 1.5, False):
        store.save_message("ann", "s1", "user", TEXT, extra_data=extra)
    store.save_metric("search", 0.1 + 0.2, success=False, error=TEXT, extra_data=JSON)


def fill_contextpilot(store: Any) -> None:
    old = store.add_context("file", TEXT, TEXT, metadata=JSON, embedding=[0.1, -0.0, 1e-30, 3e38])
    new = store.add_context("file", "new", "", embedding=[1.0] * 384)
    newest = store.add_context("file", "newest", "")
    store.supersede_context(old.id, new.id)
    store.supersede_context(new.id, newest.id)
    talk = store.create_conversation(TEXT, "provider", "model")
    for tokens in (None, 0, 2**31 - 1):
        store.add_message(talk.id, "user", TEXT, tokens=tokens)


def fill_collections(store: Any) -> None:
    for user in ("ann", TEXT):
        store.create_item("i1", TEXT, "p", user, file_size=BIG, mime_type="image/png")
        store.create_item("i2", "f", "p", user)
        for number in range(3):
            result = {"category": f"c{number}", "summary": TEXT, **JSON}
            store.create_analysis(f"a{number}", "i1", user, result)
        vector = [number / 1024 for number in range(1024)]
        store.create_embedding("i1", "a0", user, vector, TEXT, source_fields=["summary"])


FILL: dict[str, Callable[[Any], None]] = {
    "collections": fill_collections,
    "contextpilot": fill_contextpilot,
    "duiliocode": fill_duiliocode,
    "minipilot": fill_minipilot,
    "omnimemory": fill_omnimemory,
}
