"""Several people ask a chat at once: each question is a task, with a session of its own.

    $ python examples/async_chat.py
    ann asked: when are you open? The shop is open from nine to five.
    bob asked: is delivery free? From 50 euros on delivery is free.
    cid asked: do you sell boats? I do not know.
    3 conversations of 2 messages each

The database is the argument's (an URL), or where the environment says.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING
from uuid import UUID

import rawstore

if TYPE_CHECKING:
    from rawstore.stores.minipilot import AsyncStore

KNOWLEDGE = {
    "hours": "The shop is open from nine to five.",
    "delivery": "From 50 euros on delivery is free.",
}
QUESTIONS = {
    "ann": "when are you open?",
    "bob": "is delivery free?",
    "cid": "do you sell boats?",
}


async def answer(store: AsyncStore, person: str, question: str) -> UUID:
    """Answer a question; the id of the conversation that holds both."""
    async with store.session() as session:  # one connection for all of its calls
        user = await session.get_or_create_user_by_external_id(person)
        words = " or ".join(word for word in question.strip("?").split() if len(word) > 3)
        hits = await session.search_knowledge_chunks(words, source="async_chat", limit=1)
        found = hits[0].content if hits else "I do not know."
        async with session.transaction() as tx:
            conversation = await tx.create_conversation(user_id=user.id, title=question)
            await tx.add_message(conversation.id, "user", question)
            await tx.add_message(conversation.id, "assistant", found)
    return conversation.id


async def main(url: str | None = None) -> None:
    """Answer every question at the same time, in five seconds or not at all."""
    async with rawstore.open_async("minipilot", url) as store:
        await store.migrate()
        async with store.batch() as batch:  # one round trip
            for key, content in KNOWLEDGE.items():
                batch.upsert_knowledge_chunk("async_chat", content, key)

        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            tasks = [group.create_task(answer(store, *each)) for each in QUESTIONS.items()]
        conversations = [task.result() for task in tasks]

        async with store.batch() as batch:
            messages = [batch.list_messages_for_conversation(each) for each in conversations]
            counts = [batch.get_conversation_message_count(each) for each in conversations]

    for person, asked in zip(QUESTIONS, messages, strict=True):
        question, reply = asked.result()
        print(f"{person} asked: {question.content} {reply.content}")
    (count,) = {each.result() for each in counts}
    print(f"{len(conversations)} conversations of {count} messages each")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
