"""Sets of places as bits of a word: the few machine instructions that plain loops do not come to."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from ...arrays import Bytes, Floats, Words
from ...rng import U

_EIGHT, _SIXTEEN = 8, 16


@intrinsic
def _trailing_zeros(typing: Any, word: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), code


@intrinsic
def _population(typing: Any, word: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), code


def _compared(builder: Any, data: Any, place: Any, value: Any, lanes: int, align: int, compare: Any) -> Any:
    """One bit for each of some elements in a row: portable vector code, whatever the machine's registers."""
    row = ir.VectorType(value.type, lanes)
    found = builder.load(builder.bitcast(builder.gep(data, [place]), row.as_pointer()))
    found.align = align
    wanted = ir.Constant(row, ir.Undefined)
    for lane in range(lanes):
        wanted = builder.insert_element(wanted, value, ir.Constant(ir.IntType(32), lane))
    bits = builder.bitcast(compare(found, wanted), ir.IntType(lanes))
    return builder.zext(bits, ir.IntType(64))


@intrinsic
def _eight_below(typing: Any, array: Any, place: Any, limit: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return _compared(
            builder, data, args[1], args[2], _EIGHT, 8, lambda a, b: builder.fcmp_ordered("<", a, b)
        )

    return types.uint64(array, types.uint64, types.float64), code


@intrinsic
def _sixteen_equal(typing: Any, array: Any, place: Any, code_wanted: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return _compared(
            builder, data, args[1], args[2], _SIXTEEN, 1, lambda a, b: builder.icmp_unsigned("==", a, b)
        )

    return types.uint64(array, types.uint64, types.uint8), code


@intrinsic
def _count_below(typing: Any, values: Any, first: Any, n: Any, limits: Any, place: Any, out: Any) -> Any:
    """For eight limits side by side how many of ``n`` values are below each."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = [
            context.make_array(kind)(context, builder, given).data
            for kind, given in zip(signature.args, args, strict=True)
            if isinstance(kind, types.Array)
        ]
        floats, longs = ir.VectorType(ir.DoubleType(), _EIGHT), ir.VectorType(ir.IntType(64), _EIGHT)
        limit = builder.load(builder.bitcast(builder.gep(array[1], [args[4]]), floats.as_pointer()))
        limit.align = 8
        many: Any = cgutils.alloca_once_value(builder, ir.Constant(longs, [0] * _EIGHT))  # type: ignore[no-untyped-call]
        with cgutils.for_range(builder, args[2], intp=ir.IntType(64)) as loop:
            value = builder.load(builder.gep(array[0], [builder.add(args[1], loop.index)]))
            row = ir.Constant(floats, ir.Undefined)
            for lane in range(_EIGHT):
                row = builder.insert_element(row, value, ir.Constant(ir.IntType(32), lane))
            below = builder.zext(builder.fcmp_ordered("<", row, limit), longs)
            builder.store(builder.add(builder.load(many), below), many)
        target = builder.bitcast(builder.gep(array[2], [args[4]]), longs.as_pointer())
        builder.store(builder.load(many), target).align = 8
        return context.get_dummy_value()

    return types.void(values, types.uint64, types.int64, limits, types.uint64, out), code


def lowest_bit(word: U) -> U:
    """Place of the lowest set bit of a word other than 0."""
    return U(int(word & (~word + U(1))).bit_length() - 1)


def bits_set(word: U) -> int:
    """How many bits of a word are set."""
    return int(word).bit_count()


def eight_below(values: Floats, first: U, limit: float) -> U:
    """Which of the eight values from ``first`` on are below the limit: bit 0 for the first of them."""
    out = 0
    for x in range(_EIGHT):
        out |= int(values[first + U(x)] < limit) << x
    return U(out)


def sixteen_equal(codes: Bytes, first: U, code: int) -> U:
    """Which of the sixteen bytes from ``first`` on are this one: bit 0 for the first of them."""
    out = 0
    for x in range(_SIXTEEN):
        out |= int(codes[first + U(x)] == code) << x
    return U(out)


def count_below(values: Floats, first: U, n: int, limits: Floats, m: int, out: Words) -> None:
    """How many of the ``n`` values from ``first`` on are below each of ``m`` limits.

    Limits and results are read and written by eights: both arrays have up to seven places more.
    """
    for x in range(m):
        out[x] = sum(bool(values[first + U(i)] < limits[x]) for i in range(n))


@overload(lowest_bit)
def _compiled_lowest_bit(word: Any) -> Any:
    def lowest(word: Any) -> Any:
        return _trailing_zeros(word)  # type: ignore[call-arg]

    return lowest


@overload(bits_set)
def _compiled_bits_set(word: Any) -> Any:
    def number(word: Any) -> Any:
        return _population(word)  # type: ignore[call-arg]

    return number


@overload(eight_below)
def _compiled_eight_below(values: Any, first: Any, limit: Any) -> Any:
    def below(values: Any, first: Any, limit: Any) -> Any:
        return _eight_below(values, first, limit)  # type: ignore[call-arg]

    return below


@overload(sixteen_equal)
def _compiled_sixteen_equal(codes: Any, first: Any, code: Any) -> Any:
    def equal(codes: Any, first: Any, code: Any) -> Any:
        return _sixteen_equal(codes, first, np.uint8(code))  # type: ignore[call-arg]

    return equal


@overload(count_below)
def _compiled_count_below(values: Any, first: Any, n: Any, limits: Any, m: Any, out: Any) -> Any:
    def count(values: Any, first: Any, n: Any, limits: Any, m: Any, out: Any) -> Any:
        for x in range(0, m, 8):
            _count_below(values, first, n, limits, U(x), out)  # type: ignore[call-arg]

    return count
