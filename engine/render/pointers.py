"""Loads and stores by address for the kernels, marked so that the compiler may gather many pixels at once."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def _never_written(module: Any) -> Any:
    """Return the mark that loads carry and stores exclude; without it LLVM fears that a store changes later loads."""
    domain = module.add_metadata(["mixeur"])
    return module.add_metadata([module.add_metadata(["read only in this kernel", domain])])


def _word(builder: Any, address: Any, index: Any, bits: int) -> Any:
    base = builder.inttoptr(address, ir.IntType(32).as_pointer())
    return builder.bitcast(builder.gep(base, [index]), ir.IntType(bits).as_pointer())


def _load(builder: Any, address: Any, index: Any, bits: int) -> Any:
    value = builder.load(_word(builder, address, index, bits))
    value.align = 4
    value.set_metadata("alias.scope", _never_written(builder.module))
    return value


def _load_pixel(typingctx: Any, address: Any, index: Any) -> Any:
    """Return the uint32 at `address + 4 * index`, from memory that the kernel never writes."""
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _load(builder, args[0], args[1], 32)
    return types.uint32(types.uintp, types.int64), code


def _load_pair(typingctx: Any, address: Any, index: Any) -> Any:
    """Return the two pixels at `address + 4 * index` as one uint64, from memory that the kernel never writes."""
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _load(builder, args[0], args[1], 64)
    return types.uint64(types.uintp, types.int64), code


def _store_pixel(typingctx: Any, address: Any, index: Any, value: Any) -> Any:
    """Write a uint32 to `address + 4 * index`, in memory that the kernel never loads by these functions."""
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        store = builder.store(args[2], _word(builder, args[0], args[1], 32))
        store.align = 4
        store.set_metadata("noalias", _never_written(builder.module))
        return context.get_dummy_value()
    return types.void(types.uintp, types.int64, types.uint32), code


def _as_bytes(typingctx: Any, address: Any) -> Any:
    """Return an address as a pointer to uint8, for `numba.carray`."""
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))
    return types.CPointer(types.uint8)(types.uintp), code  # type: ignore[no-untyped-call]


def _as_words(typingctx: Any, address: Any) -> Any:
    """Return an address as a pointer to uint32, for `numba.carray`."""
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))
    return types.CPointer(types.uint32)(types.uintp), code  # type: ignore[no-untyped-call]


def _prefetch(typingctx: Any, address: Any) -> Any:
    """Ask the processor to bring the line at `address` into its first cache; any address will do."""
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
        builder.call(ask, [builder.inttoptr(args[0], byte), word(0), word(3), word(1)])
        return context.get_dummy_value()
    return types.void(types.uintp), code


load_pixel: Any = intrinsic(_load_pixel)
load_pair: Any = intrinsic(_load_pair)
store_pixel: Any = intrinsic(_store_pixel)
as_bytes: Any = intrinsic(_as_bytes)
as_words: Any = intrinsic(_as_words)
prefetch: Any = intrinsic(_prefetch)
