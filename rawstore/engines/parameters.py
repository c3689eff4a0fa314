"""Why a call's values could not be sent: found again, slowly, once sending has failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any

from ..columns import Values, check_column
from ..errors import ParameterError
from ..query import Param, Query, Variant


def refusal(variant: Variant, values: Sequence[Any]) -> ParameterError | None:
    """The ParameterError for the first of `values` that its declared type refuses; None if none is.

    `values` are in the order of the placeholders.
    """
    query = variant.query
    for index, value in zip(variant.order, values, strict=True):
        param = query.params[index]
        try:
            check(param, value)
        except ValueError as error:
            return ParameterError(query.full_name, param.name, str(error))
        except RecursionError:
            return ParameterError(query.full_name, param.name, "nested too deeply")
    return None


def misfit(variant: Variant, cause: Exception) -> ParameterError:
    """The ParameterError for values that pass as declared, but not as the database's own types."""
    query = variant.query
    names = ", ".join(query.params[index].name for index in dict.fromkeys(variant.order))
    reason = f"the server's type cannot hold the value ({type(cause).__name__})"
    return ParameterError(query.full_name, names, reason)


def check(param: Param, value: Any) -> Any:
    """A value in its canonical form. Raises ValueError where it is none for `param`."""
    if value is not None:
        return param.check(value)
    if not param.nullable:
        raise ValueError(f"may not be None; declare it {param.type}? where it may")
    return None


class Items(list[tuple[Any, ...]]):
    """The parameters of each item, as they were given, in the order of the placeholders.

    `columns` are the same values by placeholder, in the canonical form of their types.
    """

    def __init__(
        self, query: Query, rows: Sequence[tuple[Any, ...]], checked: Sequence[Values]
    ) -> None:
        """Both are given in the order of the parameters."""
        order = query.variants[0].order
        whole = order == tuple(range(len(query.params)))
        super().__init__(rows if whole else (tuple(row[i] for i in order) for row in rows))
        self.columns = [checked[index] for index in order]


def batch_values(query: Query, items: Iterable[Any]) -> Items:
    """The parameters of each item of a `:batch` call, checked.

    An item is a mapping, a sequence in the order of the parameters, or, where the query has one
    parameter, its value. Raises ParameterError that names the item.
    """
    given = list(items)
    with suppress(Exception):
        rows = _rows(query.params, given)
        columns = [list(map(itemgetter(n), rows)) for n in range(len(query.params))]
        return Items(query, rows, list(map(check_column, query.params, columns)))
    return _one_by_one(query, given)  # something is wrong: what, and in which item


def _one_by_one(query: Query, items: Sequence[Any]) -> Items:
    rows, checked = [], []
    for number, item in enumerate(items):
        try:
            rows.append(_item_values(query.params, item))
            checked.append(list(map(_named_check, query.params, rows[-1])))
        except ValueError as error:
            raise ParameterError(query.full_name, f"items[{number}]", str(error)) from None
    return Items(query, rows, list(zip(*checked, strict=True)))


def _named_check(param: Param, value: Any) -> Any:
    try:
        return check(param, value)
    except ValueError as error:
        raise ValueError(f"{param.name}: {error}") from None


def _rows(params: Sequence[Param], items: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
    """The items' values by parameter. Raises ValueError or the like for one that has others."""
    if len(params) > 1 and set(map(len, items)) == {len(params)}:
        kinds = set(map(type, items))
        if kinds == {tuple}:
            return items
        if kinds == {dict}:
            return list(map(itemgetter(*(param.name for param in params)), items))
    return [_item_values(params, item) for item in items]


def _item_values(params: Sequence[Param], item: Any) -> tuple[Any, ...]:
    if isinstance(item, Mapping):
        known = {param.name for param in params}
        if unknown := [str(key) for key in item if key not in known]:
            raise ValueError(f"unknown parameter {unknown[0]!r}")
        missing = [param.name for param in params if param.required and param.name not in item]
        if missing:
            raise ValueError(f"parameter {missing[0]!r} is missing")
        return tuple(item.get(param.name, param.default) for param in params)
    if isinstance(item, (tuple, list)) and not (len(params) == 1 and params[0].type.array):
        given = tuple(item)
    elif len(params) == 1:
        given = (item,)
    else:
        raise ValueError(f"expected a dict or a tuple, got {type(item).__name__}")
    defaults = tuple(param.default for param in params[len(given) :])
    if len(given) > len(params) or any(param.required for param in params[len(given) :]):
        raise ValueError(f"expected {len(params)} values, got {len(given)}")
    return given + defaults
