"""What is known of SQLite's functions: which give NULL, and when. Data."""

from __future__ import annotations

# Never null where no argument is. Those that may be: json_extract, nullif, unhex, date functions of
# a text that is no date, substr of nothing.
SAFE = frozenset(
    """
    abs bm25 char format glob highlight hex instr json json_array_length json_quote
    like length likelihood likely lower ltrim octet_length printf quote replace round rtrim snippet
    substr substring trim typeof unlikely upper zeroblob
    """.split()
)
# Never null at all.
TOTAL = frozenset(
    """
    changes concat count cume_dist dense_rank json_array json_object last_insert_rowid percent_rank
    random randomblob rank row_number sqlite_version total total_changes typeof
    """.split()
)
# Date functions: never null for the literal 'now'.
DATES = frozenset("date datetime julianday strftime time unixepoch".split())
AGGREGATES = frozenset("avg group_concat max min string_agg sum".split())
COLLECTIONS = frozenset("json_group_array json_group_object".split())
FIRST_OF = frozenset(("coalesce", "ifnull"))
# A call that gives an error or a value, null where an argument is.
STRICT = frozenset("abs instr length lower ltrim round rtrim trim upper".split())

TABLES = {
    # Columns, those never null, and the one that is a key (of the items of an array).
    "json_each": (
        ("key", "value", "type", "atom", "id", "parent", "fullkey", "path"),
        frozenset((2, 4, 6, 7)),
        0,
    ),
    "json_tree": (
        ("key", "value", "type", "atom", "id", "parent", "fullkey", "path"),
        frozenset((2, 4, 6, 7)),
        4,
    ),
}
