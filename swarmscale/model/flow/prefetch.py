"""Asking for memory before it is needed: a large fleet does not fit into a processor's caches."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from ...rng import U

_LINE = 64  # bytes that come at a time


def _hint(nearness: int) -> Any:
    """The compiler's own hint that an element is soon needed: 3 for the nearest cache, 2 for the next one."""

    @intrinsic
    def ask(typing: Any, array: Any, place: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            data = context.make_array(signature.args[0])(context, builder, args[0]).data
            byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
            hint = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
            at = builder.bitcast(builder.gep(data, [args[1]]), byte)
            builder.call(hint, [at, word(0), word(nearness), word(1)])  # to read, data; a hint never faults
            return context.get_dummy_value()

        return types.void(array, types.uint64), code

    return ask


_ask, _ask_early = _hint(3), _hint(2)


def prefetch(array: Any, first: U, n: int, early: bool) -> None:
    """Ask for ``n`` elements from ``first`` on; nothing happens where the source runs as plain Python.

    ``early`` asks for the second nearest cache: for what is needed so much later that the nearest one, which is
    small, should not hold it yet.
    """


@overload(prefetch)
def _compiled_prefetch(array: Any, first: Any, n: Any, early: Any) -> Any:
    # not inlined by numba, only by LLVM: numba's inlining gave wrong results here
    step = _LINE * 8 // array.dtype.bitwidth

    def ask(array: Any, first: Any, n: Any, early: Any) -> None:
        if early:
            for x in range(0, n, step):
                _ask_early(array, first + U(x))
            _ask_early(array, first + U(n - 1))  # a line may begin within the last step
        else:
            for x in range(0, n, step):
                _ask(array, first + U(x))
            _ask(array, first + U(n - 1))

    return ask
