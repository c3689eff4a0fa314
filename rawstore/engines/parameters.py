"""Why a call's values could not be sent: found again, slowly, once sending has failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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


def check(param: Param, value: Any) -> None:
    """Raise ValueError where `value` is none for `param`."""
    if value is not None:
        param.check(value)
    elif not param.nullable:
        raise ValueError(f"may not be None; declare it {param.type}? where it may")


def batch_values(query: Query, items: Iterable[Any]) -> list[tuple[Any, ...]]:
    """The parameters of each item of a `:batch` call, by position.

    An item is a mapping, a sequence in the order of the parameters, or, where the query has one
    parameter, its value. Raises ParameterError that names the item.
    """
    variant = query.variants[0]
    found = []
    for number, item in enumerate(items):
        try:
            values = _item_values(query.params, item)
            for param, value in zip(query.params, values, strict=True):
                try:
                    check(param, value)
                except ValueError as error:
                    raise ValueError(f"{param.name}: {error}") from None
        except ValueError as error:
            raise ParameterError(query.full_name, f"items[{number}]", str(error)) from None
        found.append(tuple(values[index] for index in variant.order))
    return found


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
