"""An assistant finds what belongs to a question, and keeps what was said.

    $ python examples/contextpilot.py
    0.994 beach.md: Waves at sunset
    0.000 tax.md: Forms and dates
    2 live units
    user: What is at the beach?
    assistant: Waves at sunset
    10 tokens

The database is the argument's (an URL), or where the environment says:
CONTEXTPILOT_USE_DATABASE=false keeps everything in memory.
"""

from __future__ import annotations

import sys

import rawstore


def main(url: str | None = None) -> None:
    """Add three units, replace one, search for the nearest, and talk about it."""
    with rawstore.open("contextpilot", url) as store:
        store.migrate()
        for unit in ("draft", "beach", "tax"):
            store.delete_context(unit)  # of an earlier run
        store.delete_conversation("beach")

        # An embedding comes from a model and may have any number of dimensions.
        add = store.add_context
        add("file", "draft.md", "Waves", {"final": False}, [0.8, 0.2, 0.0], id="draft")
        add("file", "beach.md", "Waves at sunset", embedding=[0.9, 0.1, 0.0], id="beach")
        add("file", "tax.md", "Forms and dates", embedding=[0.0, 0.2, 0.9], id="tax")
        store.supersede_context("draft", superseded_by="beach")

        hits = store.search_contexts([1.0, 0.0, 0.0], limit=2)
        for hit in hits:
            print(f"{hit.similarity:.3f} {hit.name}: {hit.content}")
        print(f"{store.count_contexts()} live units")

        talk = store.create_conversation("Describe the beach", "local", "small", id="beach")
        store.add_message(talk.id, "user", "What is at the beach?", tokens=6)
        store.add_message(talk.id, "assistant", hits[0].content, tokens=4, finish_reason="stop")
        for message in store.list_messages(talk.id):
            print(f"{message.role}: {message.content}")
        print(f"{store.conversation_tokens(talk.id)} tokens")


if __name__ == "__main__":
    main(*sys.argv[1:])
