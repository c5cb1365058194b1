"""Runs one other library on one model of `cargo xtask bench trees`, and measures it when asked to.

    trees.py ENGINE MODEL DIRECTORY

ENGINE is `xgboost`, `xgboost-1.7`, `lightgbm`, `lleaves`, `tl2cgen` or `onnxruntime`; MODEL is one of
`models.py`'s. Calls go through each library's C interface with everything prepared beforehand, one
thread each. What Python itself takes for such a call is timed too, on a C function that does nothing,
and taken off. ONNX Runtime has no C interface that ctypes could reach: it is called through its
Python binding with bound buffers, and what the binding takes is in its figures.

First the library predicts all rows, and its answers are compared with those in `MODEL.answers`;
where they differ, this ends with an error and nothing is timed. Then each line on stdin names a
measurement, which is made and answered with a line: the figure, or `none` if the library has none.
"""

import ctypes
import importlib.util
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy

ROWS_ALONE = 500
ROWS_EXPLAINED = 500
# A round of a measurement repeats its calls for about so many seconds, and keeps the best.
SECONDS = 0.15
NOTHING = ctypes.CDLL(None).abs
# How far answers may be from ours, relative to ours or, if that is greater, to what answers usually
# are: sums of a thousand leaves in `f32`, added in another order, differ by about so much.
TOLERANCE = 5e-5
# Thresholds that ONNX has in `f32` send a few rows of a model in `f64` elsewhere: there, one in so many
# rows may differ by more.
STRAY_ROWS = {("onnxruntime", "leafwise"): 1000}
WIDTHS = {"covtype": 54, "deep": 30, "leafwise": 30, "large": 30}


def fastest(calls: list) -> float:
    """Seconds of one call, in the best of several laps."""
    best, started = float("inf"), time.perf_counter()
    while True:
        start = time.perf_counter()
        for function, arguments in calls:
            function(*arguments)
        end = time.perf_counter()
        best = min(best, (end - start) / len(calls))
        if end - started > SECONDS:
            return best


def library(package: str, name: str) -> ctypes.CDLL:
    """The shared library inside a package, without importing the package."""
    origin = importlib.util.find_spec(package).origin
    return ctypes.CDLL(str(Path(origin).parent / "lib" / name))


def interface(array: numpy.ndarray) -> bytes:
    return json.dumps(array_interface(array)).encode()


def array_interface(array: numpy.ndarray) -> dict:
    return {key: array.__array_interface__[key] for key in ("data", "shape", "typestr", "version")}


def pointer(array: numpy.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


class XGBoost:
    """Both versions, by their C interface alone."""

    LIBRARY = "xgboost", "libxgboost.so"

    def __init__(self, path: Path) -> None:
        self.lib = library(*self.LIBRARY)
        self.lib.XGBGetLastError.restype = ctypes.c_char_p
        self.handle = ctypes.c_void_p()
        self.check(self.lib.XGBoosterCreate(None, ctypes.c_uint64(0), ctypes.byref(self.handle)))
        self.check(self.lib.XGBoosterSetParam(self.handle, b"nthread", b"1"))
        self.check(self.lib.XGBoosterLoadModel(self.handle, str(path).encode()))
        self.check(self.lib.XGBoosterSetParam(self.handle, b"nthread", b"1"))
        self.shape = ctypes.POINTER(ctypes.c_uint64)()
        self.dim, self.out = ctypes.c_uint64(), ctypes.POINTER(ctypes.c_float)()
        self.results = tuple(map(ctypes.byref, (self.shape, self.dim, self.out)))

    def check(self, status: int) -> None:
        if status != 0:
            raise RuntimeError(self.lib.XGBGetLastError().decode())

    def config(self, kind: int = 0) -> bytes:
        return json.dumps(
            {"type": kind, "iteration_begin": 0, "iteration_end": 0, "missing": float("nan"),
             "strict_shape": False, "cache_id": 0, "training": False}
        ).encode()

    def dense(self, x: numpy.ndarray) -> tuple:
        arguments = self.handle, interface(x), self.config(), None, *self.results
        return self.lib.XGBoosterPredictFromDense, arguments

    def csr(self, x: numpy.ndarray) -> tuple:
        present = x != 0
        starts = numpy.zeros(len(x) + 1, numpy.uint64)
        numpy.cumsum(present.sum(1), out=starts[1:])
        self.kept = starts, numpy.nonzero(present)[1].astype(numpy.uint32), x[present]
        # What is zero in the rows is zero to the model, too: what is absent is a missing value.
        arguments = (self.handle, *map(interface, self.kept), ctypes.c_uint64(x.shape[1]),
                     self.config(), None, *self.results)
        return self.lib.XGBoosterPredictFromCSR, arguments

    def columns(self, x: numpy.ndarray) -> tuple | None:
        if not hasattr(self.lib, "XGBoosterPredictFromColumnar"):
            return None
        self.kept = [numpy.ascontiguousarray(column) for column in x.T]
        data = json.dumps([array_interface(column) for column in self.kept]).encode()
        arguments = self.handle, data, self.config(), None, *self.results
        return self.lib.XGBoosterPredictFromColumnar, arguments

    def explain(self, x: numpy.ndarray) -> tuple:
        matrix, self.kept = ctypes.c_void_p(), x
        config = json.dumps({"missing": float("nan"), "nthread": 1}).encode()
        self.check(self.lib.XGDMatrixCreateFromDense(interface(x), config, ctypes.byref(matrix)))
        arguments = self.handle, matrix, self.config(2), *self.results
        return self.lib.XGBoosterPredictFromDMatrix, arguments

    def answers(self, call: tuple) -> numpy.ndarray:
        function, arguments = call
        self.check(function(*arguments))
        shape = [self.shape[place] for place in range(self.dim.value)]
        return numpy.ctypeslib.as_array(self.out, shape).astype(float)


class LightGBM:
    LIBRARY = "lightgbm", "lib_lightgbm.so"

    def __init__(self, path: Path) -> None:
        self.lib = library(*self.LIBRARY)
        self.handle, rounds = ctypes.c_void_p(), ctypes.c_int()
        status = self.lib.LGBM_BoosterCreateFromModelfile(
            str(path).encode(), ctypes.byref(rounds), ctypes.byref(self.handle))
        self.fast, self.length = ctypes.c_void_p(), ctypes.c_int64()
        # Type 1 is `f64`; the row's width is the model's.
        self.width = WIDTHS["leafwise"]
        status |= self.lib.LGBM_BoosterPredictForMatSingleRowFastInit(
            self.handle, 0, 0, -1, 1, self.width, b"num_threads=1", ctypes.byref(self.fast))
        if status != 0:
            raise RuntimeError("LightGBM refuses the model")

    def dense(self, x: numpy.ndarray) -> tuple:
        self.out = numpy.zeros(len(x))
        data, length = pointer(x), ctypes.byref(self.length)
        if len(x) == 1:
            function = self.lib.LGBM_BoosterPredictForMatSingleRowFast
            return function, (self.fast, data, length, pointer(self.out))
        return self.lib.LGBM_BoosterPredictForMat, (
            self.handle, data, 1, ctypes.c_int32(len(x)), ctypes.c_int32(self.width), 1, 0, 0, -1,
            b"num_threads=1", length, pointer(self.out))

    def answers(self, call: tuple) -> numpy.ndarray:
        function, arguments = call
        function(*arguments)
        return self.out


class Lleaves:
    def __init__(self, path: Path) -> None:
        import lleaves

        made = lleaves.Model(model_file=str(path))
        made.compile(cache=str(path.with_suffix(".lleaves")))
        self.function, self.made = made._c_entry_func, made

    def dense(self, x: numpy.ndarray) -> tuple:
        self.out, kind = numpy.zeros(len(x)), ctypes.POINTER(ctypes.c_double)
        return self.function, (x.ctypes.data_as(kind), self.out.ctypes.data_as(kind),
                               ctypes.c_int(0), ctypes.c_int(len(x)))

    def answers(self, call: tuple) -> numpy.ndarray:
        function, arguments = call
        function(*arguments)
        return self.out


class Tl2cgen:
    """One row goes to the compiled function itself, many to the library that calls it for each row."""

    def __init__(self, path: Path) -> None:
        compiled = str(path.with_suffix(".so"))
        self.one = ctypes.CDLL(compiled).predict
        self.one.restype = None
        self.groups = 7 if path.stem == "covtype" else 1
        self.lib = library("tl2cgen", "libtl2cgen.so")
        self.lib.TL2cgenGetLastError.restype = ctypes.c_char_p
        self.handle = ctypes.c_void_p()
        self.check(self.lib.TL2cgenPredictorLoad(
            compiled.encode(), ctypes.c_int(1), ctypes.byref(self.handle)))

    def check(self, status: int) -> None:
        if status != 0:
            raise RuntimeError(self.lib.TL2cgenGetLastError().decode())

    def dense(self, x: numpy.ndarray) -> tuple:
        self.out = numpy.zeros((len(x), self.groups), x.dtype)
        if len(x) == 1:
            return self.one, (pointer(x), ctypes.c_int(0), pointer(self.out))
        matrix, missing = ctypes.c_void_p(), numpy.array([numpy.nan], x.dtype)
        self.check(self.lib.TL2cgenDMatrixCreateFromMat(
            pointer(x), x.dtype.name.encode(), ctypes.c_size_t(len(x)),
            ctypes.c_size_t(x.shape[1]), pointer(missing), ctypes.byref(matrix)))
        return self.lib.TL2cgenPredictorPredictBatch, (
            self.handle, matrix, ctypes.c_int(0), ctypes.c_int(0), pointer(self.out))

    def answers(self, call: tuple) -> numpy.ndarray:
        function, arguments = call
        self.check(function(*arguments))
        return self.out.astype(float)


class OnnxRuntime:
    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        graph = str(path.with_suffix(".onnx"))
        self.session = onnxruntime.InferenceSession(graph, options)
        names = [output.name for output in self.session.get_outputs()]
        # Of a classifier also the label comes out, which nobody asks the others for.
        self.name = names[-1]

    def dense(self, x: numpy.ndarray) -> tuple:
        self.binding = binding = self.session.io_binding()
        self.kept = numpy.ascontiguousarray(x, numpy.float32)
        binding.bind_cpu_input("x", self.kept)
        binding.bind_output(self.name)
        return self.session.run_with_iobinding, (binding,)

    def answers(self, call: tuple) -> numpy.ndarray:
        function, arguments = call
        function(*arguments)
        return self.binding.copy_outputs_to_cpu()[0].astype(float)


ENGINES = {
    "xgboost": (XGBoost, ".json"),
    "xgboost-1.7": (XGBoost, "-1.7.json"),
    "lightgbm": (LightGBM, ".txt"),
    "lleaves": (Lleaves, ".txt"),
    "tl2cgen": (Tl2cgen, ".so"),
    "onnxruntime": (OnnxRuntime, ".onnx"),
}


def status(name: str) -> int:
    """Bytes, by their name in what the kernel says of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


def load(engine: str, path: Path, rows: numpy.ndarray) -> None:
    """Prints seconds to load, and the bytes that the process then has and had at most more than
    before, after the first prediction. The library itself was loaded before."""
    kind, _ = ENGINES[engine]
    library(*kind.LIBRARY)
    # Writing 5 sets the peak to what there is now.
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    start = time.perf_counter()
    made = kind(path)
    seconds = time.perf_counter() - start
    made.answers(made.dense(rows[:1]))
    print(seconds, status("VmRSS") - before, status("VmHWM") - before, flush=True)


def compare(engine: str, model: str, found: numpy.ndarray, expected: numpy.ndarray) -> None:
    """Fails unless both are the same, within what rounding explains."""
    rows = len(found)
    found, expected = found.reshape(rows, -1), expected.reshape(rows, -1)
    scale = numpy.maximum(numpy.abs(expected).max(1, keepdims=True), numpy.abs(expected).mean())
    strays = int((numpy.abs(found - expected) > TOLERANCE * scale).any(1).sum())
    if strays * STRAY_ROWS.get((engine, model), len(found) + 1) > len(found):
        worst = float(numpy.abs(found - expected).max())
        raise RuntimeError(f"{strays} of {rows} answers differ from ours, by up to {worst}")


def measure(made, what: str, rows: numpy.ndarray, check) -> float | None:
    """One figure; `None` if the library has no such call. `check` compares what a call answers."""
    if what == "one_row_us":
        calls = [made.dense(rows[row : row + 1]) for row in range(ROWS_ALONE)]
    elif what == "rows_per_s":
        calls = [made.dense(rows)]
    elif what in ("csr_rows_per_s", "columns_rows_per_s"):
        call = getattr(made, what.split("_")[0], lambda _: None)(rows)
        calls = [call] if call else []
        for call in calls:
            check(what.split("_")[0], made.answers(call))
    else:
        rows = rows[:ROWS_EXPLAINED]
        calls = [made.explain(rows)] if hasattr(made, "explain") else []
    if not calls:
        return None
    empty = 0 if isinstance(made, OnnxRuntime) else fastest(
        [(NOTHING, arguments) for _, arguments in calls])
    seconds = fastest(calls) - empty
    return seconds * 1e6 if what == "one_row_us" else len(rows) / seconds


def main() -> None:
    engine, model, at = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    kind, suffix = ENGINES[engine]
    path = at / f"{model}{suffix}"
    name = "covtype" if model == "covtype" else "narrow"
    rows = numpy.fromfile(at / f"{name}.f32", numpy.float32).reshape(-1, WIDTHS[model])
    if sys.argv[4:] == ["load"]:
        return load(engine, path, rows)
    made = kind(path)
    rows = rows.astype(float) if model == "leafwise" else rows

    def check(layout: str, found: numpy.ndarray) -> None:
        name = f"{model}.csr.answers" if layout == "csr" else f"{model}.answers"
        compare(engine, model, found, numpy.fromfile(at / name))

    check("dense", made.answers(made.dense(rows)))
    packages = {"xgboost": "xgboost-cpu", "xgboost-1.7": "xgboost"}
    print("ready", version(packages.get(engine, engine)), flush=True)
    for line in sys.stdin:
        figure = measure(made, line.strip(), rows, check)
        print("none" if figure is None else repr(figure), flush=True)


if __name__ == "__main__":
    main()
