"""Questions, their answers by full-text search, and both as a conversation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rich.text import Text

from .docstrings import SOURCE
from .timing import Timed

if TYPE_CHECKING:
    from rich.console import Console

# Every word of a question must occur in an answer, in one of its forms.
QUESTIONS = (
    "how do I parse command line arguments",
    "run a subprocess with a timeout",
    "csv files",
    "escape HTML characters",
    'a "least recently used" cache',
    "how do I read a configuration file",
    "sample from a population -variance",
)
ANSWERS = 3
_MARK = re.compile(r"<b>(.*?)</b>")


def converse(timed: Timed, console: Console, user: Any) -> None:
    """Ask everything; question and answer become messages of a new conversation."""
    conversation = timed.create_conversation(user_id=user.id, title="The standard library")
    for question in QUESTIONS:
        hits = timed.search_knowledge_chunks(question, source=SOURCE, limit=ANSWERS)
        with timed.transaction() as tx:
            tx.add_message(conversation.id, "user", question)
            tx.add_message(
                conversation.id,
                "assistant",
                hits[0].content if hits else "No docstring has all these words.",
                role_metadata={"knowledge": [str(hit.id) for hit in hits]},
            )
        _show(console, question, hits)
    count = timed.get_conversation_message_count(conversation.id)
    console.print(f"The conversation has {count} messages.\n")


def _show(console: Console, question: str, hits: Any) -> None:
    console.print(Text(question, style="bold"))
    for hit in hits:
        console.print(Text.assemble(f"{hit.score:8.3f}  ", (hit.title, "cyan")), soft_wrap=True)
        line = Text(" " * 10).append_text(_highlighted(hit.snippet))
        console.print(line, overflow="ellipsis", no_wrap=True)
    if not hits:
        console.print(" " * 10 + "no answer")
    console.print()


def _highlighted(snippet: str) -> Text:
    """The snippet on one line, with the words that were found in bold."""
    flat = "".join(each if each.isprintable() else " " for each in " ".join(snippet.split()))
    line = Text()
    for index, part in enumerate(_MARK.split(flat)):
        line.append(part, style="bold yellow" if index % 2 else "")
    return line
