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
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.typing.typeof import typeof_impl
from numba.extending import lower_builtin, register_model
from numba.np.arrayobj import make_array

__all__ = ["Cells", "CellsType"]


class Cells(np.ndarray[Any, Any]):
    """A contiguous array for compiled kernels."""


class CellsType(types.Array):
    """The type of `Cells` in machine code; the number of columns of a table is part of it."""

    def __init__(self, dtype: Any, columns: int) -> None:
        self.columns = columns
        super().__init__(dtype, 2 if columns else 1, "C", name=f"Cells({dtype}, {columns})")

    @property
    def key(self) -> Any:
        """What makes the type: no array that is no `Cells` is equal to it."""
        return ("Cells", self.dtype, self.columns)


register_model(CellsType)(models.ArrayModel)


@typeof_impl.register(Cells)
def _typeof(array: Any, context: Any) -> CellsType:
    plain = typeof_impl.dispatch(np.ndarray)(array.view(np.ndarray), context)
    return CellsType(plain.dtype, array.shape[1] if array.ndim == 2 else 0)


def _place(context: Any, builder: Any, kind: Any, value: Any, index_type: Any, index: Any) -> tuple[Any, Any]:
    """Return where an item stands, and what is known of it that no item elsewhere shares."""
    array = make_array(kind)(context, builder, value)
    if kind.columns:
        parts = zip(cgutils.unpack_tuple(builder, index, count=2), index_type, strict=True)
        row, column = (context.cast(builder, part, part_type, types.intp) for part, part_type in parts)
        place = builder.add(builder.mul(row, row.type(kind.columns)), column)
    else:
        place = context.cast(builder, index, index_type, types.intp)
    return builder.gep(array.data, [place], inbounds=True), _tag(builder.module, kind, _column(index))


def _column(index: Any) -> int | None:
    """Return the column of an index that is written as a constant."""
    last = index.operands[-1] if isinstance(index, ir.instructions.InsertValue) else None
    return last.constant if isinstance(last, ir.Constant) else None


def _tag(module: Any, kind: Any, column: int | None) -> Any:
    """Return the mark of an access: different arrays, and different columns of a table, have nothing in common."""
    root = module.add_metadata(["jitopt cells"])
    mark = module.add_metadata([kind.name, root, ir.IntType(64)(0)])
    if column is not None:
        mark = module.add_metadata([f"{kind.name} {column}", mark, ir.IntType(64)(0)])
    return module.add_metadata([mark, mark, ir.IntType(64)(0)])


@lower_builtin(operator.getitem, CellsType, types.Integer)
@lower_builtin(operator.getitem, CellsType, types.BaseTuple)
def _getitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    kind, index_type = sig.args
    pointer, tag = _place(context, builder, kind, args[0], index_type, args[1])
    item = builder.load(pointer)
    item.set_metadata("tbaa", tag)
    return item


@lower_builtin(operator.setitem, CellsType, types.Integer, types.Any)
@lower_builtin(operator.setitem, CellsType, types.BaseTuple, types.Any)
def _setitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    kind, index_type, value_type = sig.args
    pointer, tag = _place(context, builder, kind, args[0], index_type, args[1])
    builder.store(context.cast(builder, args[2], value_type, kind.dtype), pointer).set_metadata("tbaa", tag)
    return context.get_dummy_value()
