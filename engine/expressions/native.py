"""Programs as machine code: one pass over all pixels, without full-size intermediate results.

Made once a shape of rule (`Program`), types of samples and types of results, and kept. Takes some ten
milliseconds, from when on a block costs what reading and writing it does.
"""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm
import numpy as np
from cachetools import LRUCache

from engine.expressions.emission import DOUBLE, INT64, SINGLE, Emitter, Value, is_plain
from engine.expressions.program import NUMBER, SAMPLE, TABLE, found_later
from engine.kernel import TARGET, ir

if TYPE_CHECKING:
    from engine.expressions.program import Program

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()

# A kilobyte of code or ten each.
_MOST_KEPT = 512
_INTEGERS = {"uint8": 8, "int8": 8, "uint16": 16, "int16": 16, "uint32": 32, "int32": 32}
_BYTE = ir.IntType(8)
_FLOAT_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a program runs on and gives.

    Attributes
    ----------
    samples : tuple of str
        numpy's name of the type of each sample.
    validity : tuple of int
        For each sample the place of its validity among the arrays of validity.
    outputs : tuple of (type, low, high)
        Limits of each result; of float types they are not looked at.
    tables : int
    is_single : bool
        Numbers are of single precision.
    """

    program: Program
    samples: tuple[str, ...]
    validity: tuple[int, ...]
    outputs: tuple[tuple[str, float, float], ...]
    tables: int
    is_single: bool = False


class NativeProgram:
    """Machine code of a program.

    Attributes
    ----------
    shares_validity : bool
        All results are valid at the same pixels: the first one's validity alone is written.
    """

    def __init__(self, engine: Any, address: int, arguments: int, *, shares_validity: bool) -> None:
        # The engine owns the memory that the code lies in.
        self._engine = engine
        kinds = (ctypes.c_int64, *(ctypes.c_void_p,) * arguments)
        self._call = ctypes.CFUNCTYPE(None, *kinds)(address)
        self.shares_validity = shares_validity

    def run(self, count: int, *arrays: np.ndarray[Any, Any]) -> None:
        """Run over so many pixels without the interpreter's lock.

        Parameters
        ----------
        arrays
            C-contiguous: samples, validities (1 byte each), numbers (float64), for each table its values
            (float64), its validity and [first, last] (int64), results, validities of results.
        """
        self._call(count, *(array.__array_interface__["data"][0] for array in arrays))


_lock = threading.Lock()
_made: LRUCache[Signature, NativeProgram] = LRUCache(_MOST_KEPT)


def native_program(signature: Signature) -> NativeProgram:
    """Return the machine code of a program; made at its first use."""
    with _lock:
        found = _made.get(signature)
        if found is None:
            found = _made[signature] = _compiled(signature)
        return found


def _compiled(signature: Signature) -> NativeProgram:
    writer = _Writer(signature)
    module = llvm.parse_assembly(str(writer.module))
    module.verify()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=TARGET.cpu, features=TARGET.features, opt=3
    )
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = True
    passes = llvm.create_pass_builder(machine, tuning)
    passes.getModulePassManager().run(module, passes)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    address = engine.get_function_address("run")
    count = len(writer.function.args) - 1
    return NativeProgram(engine, address, count, shares_validity=writer.shares_validity)


class _Writer:
    """Writes the one function of a module: a loop over pixels."""

    def __init__(self, signature: Signature) -> None:
        self._signature = signature
        self._kind = SINGLE if signature.is_single else DOUBLE
        self.module = ir.Module("expression")
        self.function = self._declared()
        arguments = list(self.function.args)
        self._count = arguments.pop(0)
        self._samples = self._taken(arguments, len(signature.samples))
        self._valid = self._taken(arguments, _arrays_of_validity(signature))
        self._numbers = arguments.pop(0)
        self._tables = [self._taken(arguments, 3) for _ in range(signature.tables)]
        self._results = self._taken(arguments, len(signature.outputs))
        self._results_valid = arguments
        self.shares_validity = False
        self._write()

    @staticmethod
    def _taken(arguments: list[ir.Argument], count: int) -> list[ir.Argument]:
        taken = arguments[:count]
        del arguments[:count]
        return taken

    def _declared(self) -> ir.Function:
        signature = self._signature
        kinds: list[ir.Type] = [INT64]
        kinds += [_pointer(name) for name in signature.samples]
        kinds += [_BYTE.as_pointer()] * _arrays_of_validity(signature)
        kinds.append(DOUBLE.as_pointer())
        for _ in range(signature.tables):
            kinds += [DOUBLE.as_pointer(), _BYTE.as_pointer(), INT64.as_pointer()]
        kinds += [_pointer(name) for name, _, _ in signature.outputs]
        kinds += [_BYTE.as_pointer()] * len(signature.outputs)
        function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), kinds), "run")
        for argument in function.args[1:]:
            # No array overlaps another: without this nothing is vectorised.
            argument.add_attribute("noalias")
        return function

    def _write(self) -> None:
        builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        numbers = self._loaded_numbers(builder)
        tables = [(*table, *self._ends(builder, table)) for table in self._tables]
        entry = builder.block
        loop = self.function.append_basic_block("loop")
        end = self.function.append_basic_block("end")
        some = builder.icmp_signed(">", self._count, ir.Constant(INT64, 0))
        builder.cbranch(some, loop, end)
        builder.position_at_end(loop)
        pixel = builder.phi(INT64)
        pixel.add_incoming(ir.Constant(INT64, 0), entry)
        self._write_pixel(builder, pixel, numbers, tables)
        following = builder.add(pixel, ir.Constant(INT64, 1))
        pixel.add_incoming(following, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, self._count), loop, end)
        builder.position_at_end(end)
        builder.ret_void()

    def _loaded_numbers(self, builder: ir.IRBuilder) -> list[ir.Value]:
        places = [
            each.arguments[0]
            for each in self._signature.program.instructions
            if each.operation == NUMBER
        ]
        at = (
            builder.gep(self._numbers, [ir.Constant(INT64, place)]) for place in range(len(places))
        )
        loaded = [builder.load(each) for each in at]
        if self._kind is DOUBLE:
            return loaded
        return [builder.fptrunc(each, SINGLE) for each in loaded]

    @staticmethod
    def _ends(builder: ir.IRBuilder, table: list[ir.Argument]) -> tuple[ir.Value, ir.Value]:
        ends = [builder.load(builder.gep(table[2], [ir.Constant(INT64, n)])) for n in range(2)]
        return ends[0], ends[1]

    def _write_pixel(
        self,
        builder: ir.IRBuilder,
        pixel: ir.Value,
        numbers: list[ir.Value],
        tables: list[tuple[ir.Value, ...]],
    ) -> None:
        emitter = Emitter(builder, self._kind)
        is_late = self._is_checked_last()
        bits = [] if is_late else self._bits(builder, pixel)
        later = found_later(self._signature.program) if is_late else ()
        steps: list[Value] = []
        for number, each in enumerate(self._signature.program.instructions):
            if each.operation == SAMPLE:
                steps.append(self._sample(builder, each.arguments[0], pixel, bits))
            elif each.operation == NUMBER:
                steps.append(Value(numbers[each.arguments[0]], None))
            elif each.operation == TABLE:
                step, place = each.arguments
                steps.append(_looked_up(emitter, steps[step], tables[place]))
            else:
                emit = emitter.unchecked if number in later else emitter.emit
                steps.append(emit(each.operation, [steps[n] for n in each.arguments]))
        if is_late:
            steps = self._with_bit(emitter, pixel, steps)
        self._store(emitter, pixel, steps)

    def _bits(self, builder: ir.IRBuilder, pixel: ir.Value) -> list[ir.Value]:
        return [
            builder.icmp_unsigned("!=", builder.load(builder.gep(each, [pixel])), _BYTE(0))
            for each in self._valid
        ]

    def _is_checked_last(self) -> bool:
        """Tell whether all results are invalid where the one array says so, whatever happens between.

        Then what is found of numbers is put together in their own width, and met with bytes once.
        """
        operations = {each.operation for each in self._signature.program.instructions}
        plain = all(name in (SAMPLE, NUMBER) or is_plain(name) for name in operations)
        return plain and len(self._valid) == 1

    def _with_bit(self, emitter: Emitter, pixel: ir.Value, steps: list[Value]) -> list[Value]:
        """Return the steps with the array's validity where they come of samples."""
        reached: list[bool] = []
        for each in self._signature.program.instructions:
            if each.operation in (SAMPLE, NUMBER):
                reached.append(each.operation == SAMPLE)
            else:
                reached.append(any(reached[n] for n in each.arguments))
        (bit,) = self._bits(emitter.builder, pixel)
        made: dict[int, ir.Value | None] = {}
        found = []
        for (number, valid), is_reached in zip(steps, reached, strict=True):
            if is_reached and id(valid) not in made:
                made[id(valid)] = emitter.both(valid, bit)
            found.append(Value(number, made[id(valid)] if is_reached else valid))
        return found

    def _sample(
        self, builder: ir.IRBuilder, place: int, pixel: ir.Value, bits: list[ir.Value]
    ) -> Value:
        name = self._signature.samples[place]
        sample = builder.load(builder.gep(self._samples[place], [pixel]))
        valid = bits[self._signature.validity[place]] if bits else None
        if name in _INTEGERS:
            convert = builder.uitofp if name.startswith("u") else builder.sitofp
            return Value(convert(sample, self._kind), valid)
        finite = Emitter(builder, SINGLE if name == "float32" else DOUBLE).is_finite(sample)
        if name == "float32" and self._kind is DOUBLE:
            sample = builder.fpext(sample, DOUBLE)
        return Value(sample, finite if valid is None else builder.and_(valid, finite))

    def _store(self, emitter: Emitter, pixel: ir.Value, steps: list[Value]) -> None:
        builder, program = emitter.builder, self._signature.program
        written: list[ir.Value | None] = []
        for place, (step, kind) in enumerate(
            zip(program.outputs, self._signature.outputs, strict=True)
        ):
            number, valid = steps[step]
            builder.store(
                _as_type(emitter, number, kind), builder.gep(self._results[place], [pixel])
            )
            written.append(valid)
        first = written[0]
        self.shares_validity = all(each is first for each in written)
        for place, valid in enumerate(written[:1] if self.shares_validity else written):
            byte = builder.zext(emitter.holds(valid), _BYTE)
            builder.store(byte, builder.gep(self._results_valid[place], [pixel]))


def _arrays_of_validity(signature: Signature) -> int:
    return max(signature.validity, default=-1) + 1


def _pointer(name: str) -> ir.Type:
    if name in _INTEGERS:
        return ir.IntType(_INTEGERS[name]).as_pointer()
    return (SINGLE if name == "float32" else DOUBLE).as_pointer()


def _as_type(emitter: Emitter, number: ir.Value, kind: tuple[str, float, float]) -> ir.Value:
    """Return a number in the type of a result: rounded, halves to even, and cut off at its limits."""
    name, low, high = kind
    builder = emitter.builder
    if name == "float64":
        return number
    if name == "float32":
        low, high = -_FLOAT_MAX, _FLOAT_MAX
        held = emitter.between(number, emitter.number(low), emitter.number(high))
        return held if emitter.kind is SINGLE else builder.fptrunc(held, SINGLE)
    rounded = emitter.intrinsic("rint", number)
    held = emitter.between(rounded, emitter.number(low), emitter.number(high))
    bits = _INTEGERS[name]
    # Through 32 bits where they do: there are instructions for four at once.
    wide = INT64 if name == "uint32" else ir.IntType(32)
    whole = builder.fptosi(held, wide)
    return whole if bits == wide.width else builder.trunc(whole, ir.IntType(bits))


def _looked_up(emitter: Emitter, value: Value, table: tuple[ir.Value, ...]) -> Value:
    values, valid, _, first, last = table
    builder = emitter.builder
    whole = emitter.whole(emitter.intrinsic("rint", value.number))
    is_in = builder.and_(
        builder.icmp_signed(">=", whole, first), builder.icmp_signed("<=", whole, last)
    )
    zero = ir.Constant(INT64, 0)
    place = builder.select(is_in, builder.sub(whole, first), zero)
    number = builder.load(builder.gep(values, [place]))
    holds = builder.icmp_unsigned("!=", builder.load(builder.gep(valid, [place])), _BYTE(0))
    return Value(number, emitter.both(value.valid, is_in, holds))
