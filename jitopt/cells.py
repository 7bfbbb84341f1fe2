"""Arrays whose compiled kernels know no negative indices.

To numba an index may count from the end, so every access asks whether it is negative: a third of
the time of kernels that do little but follow addresses. An array seen as `Cells` is indexed by
whole numbers that are not negative, and by nothing else. Plain kernels take the array itself.
Importing this module imports numba; `jitopt.jit.cells` does so where kernels are compiled.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.typeof import typeof_impl
from numba.extending import lower_builtin, register_model
from numba.np.arrayobj import load_item, make_array, store_item

__all__ = ["Cells", "CellsType"]


class Cells(np.ndarray[Any, Any]):
    """A contiguous array for compiled kernels."""


class CellsType(types.Array):
    """The type of `Cells` in machine code."""

    def __init__(self, dtype: Any, ndim: int) -> None:
        super().__init__(dtype, ndim, "C", name=f"Cells({dtype}, {ndim})")

    @property
    def key(self) -> Any:
        """What makes the type: no array that is no `Cells` is equal to it."""
        return ("Cells", self.dtype, self.ndim)


register_model(CellsType)(models.ArrayModel)


@typeof_impl.register(Cells)
def _typeof(array: Any, _: Any) -> CellsType:
    plain = typeof_impl.dispatch(np.ndarray)(array.view(np.ndarray), _)
    return CellsType(plain.dtype, plain.ndim)


def _pointer(context: Any, builder: Any, kind: Any, value: Any, index_type: Any, index: Any) -> Any:
    """Return where an item stands."""
    several: Any = types.BaseTuple
    array = make_array(kind)(context, builder, value)
    if isinstance(index_type, several):
        parts = list(zip(cgutils.unpack_tuple(builder, index, count=len(index_type)), index_type.types, strict=True))
    else:
        parts = [(index, index_type)]
    places = [context.cast(builder, part, part_type, types.intp) for part, part_type in parts]
    return cgutils.get_item_pointer(context, builder, kind, array, places, wraparound=False, boundscheck=False)


@lower_builtin(operator.getitem, CellsType, types.Integer)
@lower_builtin(operator.getitem, CellsType, types.BaseTuple)
def _getitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    kind, index_type = sig.args
    pointer = _pointer(context, builder, kind, args[0], index_type, args[1])
    return impl_ret_borrowed(context, builder, sig.return_type, load_item(context, builder, kind, pointer))


@lower_builtin(operator.setitem, CellsType, types.Integer, types.Any)
@lower_builtin(operator.setitem, CellsType, types.BaseTuple, types.Any)
def _setitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    kind, index_type, value_type = sig.args
    pointer = _pointer(context, builder, kind, args[0], index_type, args[1])
    store_item(context, builder, kind, context.cast(builder, args[2], value_type, kind.dtype), pointer)
    return context.get_dummy_value()
