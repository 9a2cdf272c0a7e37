"""Asking for memory before it is needed: a large fleet does not fit into a processor's caches."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from ...rng import U

_LINE = 64  # bytes that come at a time


@intrinsic
def _ask(typing: Any, array: Any, place: Any) -> Any:
    """The compiler's own hint that the element at ``place`` is soon needed; a hint never faults."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        hint = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        at = builder.bitcast(builder.gep(data, [args[1]]), byte)
        builder.call(hint, [at, word(0), word(2), word(1)])  # to read, into the second nearest cache, data
        return context.get_dummy_value()

    return types.void(array, types.uint64), code


def prefetch(array: Any, first: U, n: int) -> None:
    """Ask for ``n`` elements from ``first`` on; nothing happens where the source runs as plain Python."""


@overload(prefetch)
def _compiled_prefetch(array: Any, first: Any, n: Any) -> Any:
    # not inlined by numba, only by LLVM: numba's inlining gave wrong results here
    step = _LINE * 8 // array.dtype.bitwidth

    def ask(array: Any, first: Any, n: Any) -> None:
        for x in range(0, n, step):
            _ask(array, first + U(x))  # type: ignore[call-arg]
        _ask(array, first + U(n - 1))  # type: ignore[call-arg]  # a line may begin within the last step

    return ask
