"""Times other libraries on the models of `cargo xtask bench trees`, one thread each.

    trees.py COVTYPE DIRECTORY

Calls go through each library's C interface with everything prepared beforehand, where it has one.
What Python itself takes for such a call is timed too, on a C function that does nothing, and taken
off; ONNX Runtime is called through its Python binding with bound buffers, and nothing is taken off.
Prints a JSON line for each figure.
"""

import ctypes
import json
import os
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy

MANY = 20_000
ROWS_ALONE = 500
REPEATS = 5
NOTHING = ctypes.CDLL(None).abs


def fastest(calls: list) -> float:
    """Seconds of one call, in the best of several rounds."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        for function, arguments in calls:
            function(*arguments)
        best = min(best, (time.perf_counter() - start) / len(calls))
    return best


def report(engine: str, model: str, what: str, value: float) -> None:
    print(json.dumps({"engine": engine, "model": model, "what": what, "value": value}), flush=True)


def timed(engine: str, model: str, rows: numpy.ndarray, call, binding: bool = False) -> None:
    """Times rows one by one and many at once; `call` makes a function and its arguments for rows.

    The rows that go one by one differ: with one row again and again, code with a branch per split
    is seen at its best, for the processor learns all its branches.
    """
    singles = [call(rows[row : row + 1]) for row in range(ROWS_ALONE)]
    for calls, what in [(singles, "one_row_us"), ([call(rows)], "rows_per_s")]:
        empty = 0 if binding else fastest([(NOTHING, arguments) for _, arguments in calls])
        seconds = fastest(calls) - empty
        report(engine, model, what, seconds * 1e6 if calls is singles else len(rows) / seconds)


def resident() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGESIZE")


def xgboost_peer(covtype: Path, models: Path, rows: dict) -> None:
    import xgboost

    engine = f"xgboost {xgboost.__version__}"
    lib = xgboost.core._LIB

    def booster(path: Path) -> xgboost.Booster:
        made = xgboost.Booster({"nthread": 1})
        made.load_model(bytearray(path.read_bytes()) if path.suffix == "" else str(path))
        made.set_param({"nthread": 1})
        return made

    for name, path in [("covtype", covtype), ("deep", models / "deep.json")]:
        made = booster(path)

        config = json.dumps(
            {"type": 0, "iteration_begin": 0, "iteration_end": 0, "missing": float("nan"),
             "strict_shape": False, "cache_id": 0, "training": False}
        ).encode()
        shape = ctypes.POINTER(ctypes.c_uint64)()
        dim, out = ctypes.c_uint64(), ctypes.POINTER(ctypes.c_float)()
        results = tuple(map(ctypes.byref, (shape, dim, out)))

        def call(x: numpy.ndarray):
            interface = {k: x.__array_interface__[k] for k in ("data", "shape", "typestr", "version")}
            matrix = json.dumps(interface).encode()
            return lib.XGBoosterPredictFromDense, (made.handle, matrix, config, None, *results)

        timed(engine, name, rows[name], call)
    start = time.perf_counter()
    kept = booster(models / "large.json")
    report(engine, "large", "load_s", time.perf_counter() - start)
    del kept
    shap = booster(covtype)
    x = xgboost.DMatrix(rows["covtype"][:500], nthread=1)
    seconds = fastest([(lambda: shap.predict(x, pred_contribs=True, validate_features=False), ())])
    report(engine, "covtype", "shap_rows_per_s", 500 / seconds)


def memory(covtype: Path, models: Path) -> None:
    """Only this: what a loaded model adds to the process, in a process of its own."""
    import xgboost

    before = resident()
    kept = xgboost.Booster()
    kept.load_model(str(models / "deep.json"))
    report(f"xgboost {xgboost.__version__}", "deep", "memory_mb", (resident() - before) / 1e6)


def lightgbm_peer(models: Path, rows: dict) -> None:
    import lightgbm

    engine, lib = f"LightGBM {lightgbm.__version__}", lightgbm.basic._LIB
    made = lightgbm.Booster(model_file=str(models / "leafwise.txt"))
    handle = getattr(made, "_handle", None) or made.handle

    width = rows["leafwise"].shape[1]
    fast, length = ctypes.c_void_p(), ctypes.c_int64()
    lib.LGBM_BoosterPredictForMatSingleRowFastInit(
        handle, 0, 0, -1, 1, width, b"num_threads=1", ctypes.byref(fast))
    out = numpy.zeros(MANY)
    target = out.ctypes.data_as(ctypes.c_void_p)

    def call(x: numpy.ndarray):
        data, length_out = x.ctypes.data_as(ctypes.c_void_p), ctypes.byref(length)
        if len(x) == 1:
            function = lib.LGBM_BoosterPredictForMatSingleRowFast
            return function, (fast, data, length_out, target)
        return lib.LGBM_BoosterPredictForMat, (
            handle, data, 1, ctypes.c_int32(len(x)), ctypes.c_int32(width), 1, 0, 0, -1,
            b"num_threads=1", length_out, target)

    timed(engine, "leafwise", rows["leafwise"], call)


def lleaves_peer(models: Path, rows: dict) -> None:
    import lleaves

    made = lleaves.Model(model_file=str(models / "leafwise.txt"))
    made.compile()
    function = made._c_entry_func

    out, kind = numpy.zeros(MANY), ctypes.POINTER(ctypes.c_double)
    target = out.ctypes.data_as(kind)

    def call(x: numpy.ndarray):
        return function, (x.ctypes.data_as(kind), target, ctypes.c_int(0), ctypes.c_int(len(x)))

    timed(f"lleaves {version('lleaves')}", "leafwise", rows["leafwise"], call)


def tl2cgen_peer(covtype: Path, rows: dict) -> None:
    import tl2cgen
    import treelite

    model = treelite.frontend.load_xgboost_model_format_autodetect(str(covtype), format_choice="ubjson") \
        if hasattr(treelite.frontend, "load_xgboost_model_format_autodetect") \
        else treelite.frontend.load_xgboost_model(str(covtype), format_choice="ubjson")
    with tempfile.TemporaryDirectory() as directory:
        library = f"{directory}/covtype.so"
        tl2cgen.export_lib(model, toolchain="gcc", libpath=library, params={})
        function = ctypes.CDLL(library).predict
        function.restype = None
        out = (ctypes.c_float * 7)()
        entries = rows["covtype"].copy()

        def call(x: numpy.ndarray):
            if len(x) == 1:
                return function, (x.ctypes.data_as(ctypes.c_void_p), ctypes.c_int(0), out)
            predictor = tl2cgen.Predictor(library, nthread=1)
            return predictor.predict, (tl2cgen.DMatrix(x),)

        timed(f"tl2cgen {tl2cgen.__version__}", "covtype", entries, call, binding=False)


def onnxruntime_peer(covtype: Path, rows: dict) -> None:
    import onnxruntime
    import xgboost
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    booster = xgboost.Booster()
    booster.load_model(bytearray(covtype.read_bytes()))
    booster.feature_names = None
    width = rows["covtype"].shape[1]
    graph = convert_xgboost(booster, initial_types=[("x", FloatTensorType([None, width]))])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options)

    def call(x: numpy.ndarray):
        binding = session.io_binding()
        binding.bind_cpu_input("x", x)
        for output in session.get_outputs():
            binding.bind_output(output.name)
        return session.run_with_iobinding, (binding,)

    timed(f"onnxruntime {onnxruntime.__version__}", "covtype", rows["covtype"], call, binding=True)


def main() -> None:
    covtype, models = Path(sys.argv[1]), Path(sys.argv[2])
    if sys.argv[3:] == ["memory"]:
        return memory(covtype, models)
    narrow = numpy.fromfile(models / "rows.f32", numpy.float32).reshape(-1, 30)
    text = covtype.parent.parent / "payload.csv"
    real = numpy.loadtxt(text, delimiter=",", dtype=numpy.float32)
    rows = {
        "covtype": numpy.ascontiguousarray(numpy.resize(real, (MANY, real.shape[1]))),
        "deep": narrow,
        "leafwise": narrow.astype(float),
    }
    only = sys.argv[3:]
    peers = {
        "xgboost": lambda: xgboost_peer(covtype, models, rows),
        "lightgbm": lambda: lightgbm_peer(models, rows),
        "lleaves": lambda: lleaves_peer(models, rows),
        "tl2cgen": lambda: tl2cgen_peer(covtype, rows),
        "onnxruntime": lambda: onnxruntime_peer(covtype, rows),
    }
    for name, peer in peers.items():
        if only and name not in only:
            continue
        try:
            peer()
        except Exception as error:  # noqa: BLE001: one peer that fails is named, the others go on
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
