"""What kernels need below numba's Python: ordered loads and stores, the monotonic clock, the block at an address."""

from __future__ import annotations

import functools
import sys
from collections import namedtuple
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending
from numba import types as numba_types
from numba.core import cgutils as numba_cgutils

from engine.sound.block import OFFSETS, SECTIONS

intrinsic: Any = extending.intrinsic  # their types are wrong or missing
types: Any = numba_types
cgutils: Any = numba_cgutils

CLOCK_MONOTONIC = 6 if sys.platform == "darwin" else 1
PLACES = {name: (dtype, shape, OFFSETS[name]) for name, dtype, shape in SECTIONS}


@intrinsic
def load_acquire(typing: Any, array: Any, index: Any) -> Any:
    """Return `array[index]`; what was stored before its release is seen afterwards. array: int64, 1-D."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_pointer(context, builder, signature, args), "acquire", 8)

    return types.int64(array, types.intp), codegen


@intrinsic
def store_release(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Set `array[index] = value` after everything that was stored before. array: int64, 1-D."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store_atomic(args[2], _pointer(context, builder, signature, args), "release", 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), codegen


def _pointer(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    kind = signature.args[0]
    array = context.make_array(kind)(context, builder, args[0])
    return cgutils.get_item_pointer(context, builder, kind, array, [args[1]], wraparound=False)


@intrinsic
def native_ns(typing: Any) -> Any:
    """Return `engine.clock.monotonic_ns()` without Python, for the audio callback."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        i32, i64 = ir.IntType(32), ir.IntType(64)
        spec = cgutils.alloca_once(builder, ir.ArrayType(i64, 2))
        kind = ir.FunctionType(i32, [i32, spec.type])
        function = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")
        builder.call(function, [ir.Constant(i32, CLOCK_MONOTONIC), spec])
        pair = builder.load(spec)
        seconds, rest = builder.extract_value(pair, 0), builder.extract_value(pair, 1)
        return builder.add(builder.mul(seconds, ir.Constant(i64, 1_000_000_000)), rest)

    return types.int64(), codegen


@intrinsic(prefer_literal=True)
def memory_at(typing: Any, address: Any, fields: Any) -> Any:
    """Return the named sections of the block at an address, as arrays: `memory_at(block, "header voice")`.

    Only those a kernel names are built: all of them in every kernel would make compiling three times as long.
    """
    names = fields.literal_value.split()
    arrays = [types.Array(getattr(types, np.dtype(PLACES[name][0]).name), len(PLACES[name][1]), "C") for name in names]
    memory = types.NamedTuple(arrays, _subset(fields.literal_value))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        base = builder.inttoptr(args[0], ir.IntType(8).as_pointer())
        parts = [_array(context, builder, kind, base, name) for kind, name in zip(arrays, names, strict=True)]
        return context.make_tuple(builder, memory, parts)

    return memory(types.int64, fields), codegen


@functools.cache
def _subset(names: str) -> type:
    return namedtuple("_subset", names)


def _array(context: Any, builder: Any, kind: Any, base: Any, name: str) -> Any:
    """Build the array of a section."""
    word = ir.IntType(64)
    dtype, shape, offset = PLACES[name]
    strides = np.empty(shape, dtype, order="C").strides if len(shape) > 1 else (np.dtype(dtype).itemsize,)
    array = context.make_array(kind)(context, builder)
    place = builder.gep(base, [ir.Constant(word, offset)])
    context.populate_array(
        array,
        data=builder.bitcast(place, array.data.type),
        itemsize=ir.Constant(word, np.dtype(dtype).itemsize),
        meminfo=None,
        shape=[ir.Constant(word, n) for n in shape],
        strides=[ir.Constant(word, n) for n in strides],
    )
    return array._getvalue()
