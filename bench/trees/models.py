"""Makes what `cargo xtask bench trees` measures beside the covtype example: models, rows, and the
forms of these models that some of the other libraries want.

    models.py COVTYPE DIRECTORY

Rows are random from a fixed seed, so that anybody gets the same; what is there already is kept.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

import lightgbm
import numpy
import xgboost

FEATURES = 30
ROWS = 100_000
# Columns of the covtype data that are numbers; the others are zeros and ones.
NUMBERS = 10
# Of hundreds of trees in one file of C, gcc takes much longer than of the same in many.
C_FILES = {"deep": 100, "leafwise": 50}


def training_rows(count: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    random = numpy.random.default_rng(0)
    x = random.normal(size=(count, FEATURES)).astype(numpy.float32)
    y = (x[:, :8] ** 2).sum(1) + x[:, 8] * x[:, 9] * 3 + random.normal(size=count)
    return x, y


def deep(path: Path) -> None:
    """1000 trees of depth 8."""
    x, y = training_rows(60_000)
    settings = {"max_depth": 8, "tree_method": "hist", "eta": 0.05}
    xgboost.train(settings, xgboost.DMatrix(x, y), 1000).save_model(path)


def leafwise(path: Path) -> None:
    """500 trees of 63 leaves."""
    x, y = training_rows(30_000)
    settings = {"objective": "regression", "num_leaves": 63, "verbose": -1}
    lightgbm.train(settings, lightgbm.Dataset(x.astype(float), y), 500).save_model(path)


def large(path: Path, source: Path) -> None:
    """At least 100 MB of JSON: the deep model's trees several times over."""
    document = json.loads(source.read_text())
    model = document["learner"]["gradient_booster"]["model"]
    times = -(-120_000_000 // source.stat().st_size)
    model["trees"] = [tree | {"id": 0} for _ in range(times) for tree in model["trees"]]
    for number, tree in enumerate(model["trees"]):
        tree["id"] = number
    count = len(model["trees"])
    model["tree_info"] = [0] * count
    model["iteration_indptr"] = list(range(count + 1))
    model["gbtree_model_param"]["num_trees"] = str(count)
    path.write_text(json.dumps(document, separators=(",", ":")))


def json_of(path: Path, source: Path) -> None:
    """XGBoost's UBJSON as JSON."""
    booster = xgboost.Booster()
    booster.load_model(bytearray(source.read_bytes()))
    booster.save_model(path)


def for_1_7(path: Path, source: Path) -> None:
    """XGBoost's JSON as 1.7 reads it: with one base score, which is the same for all classes."""
    text, found = re.subn(
        rb'"base_score":"\[([^,\]]+)(,\1)*\]"', rb'"base_score":"\1"', source.read_bytes()
    )
    if found != 1:
        raise ValueError(f"{source}: no base score that 1.7 could read")
    path.write_bytes(text)


def covtype_rows(path: Path, source: Path) -> None:
    """Rows like the 200 of the covtype example, all different: each has a real row's categories, and
    each of its numbers from that row or, three times in ten, from another."""
    real = numpy.loadtxt(source, delimiter=",", dtype=numpy.float32)
    random = numpy.random.default_rng(0)
    rows = real[random.integers(len(real), size=ROWS)]
    others = random.integers(len(real), size=(ROWS, NUMBERS))
    mixed = real[others, numpy.arange(NUMBERS)]
    exchanged = random.random((ROWS, NUMBERS)) < 0.3
    rows[:, :NUMBERS] = numpy.where(exchanged, mixed, rows[:, :NUMBERS])
    rows.tofile(path)


def onnx(path: Path, source: Path) -> None:
    """For ONNX Runtime."""
    from onnxmltools import convert_lightgbm, convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    if source.suffix == ".txt":
        booster = lightgbm.Booster(model_file=source)
        types = [("x", FloatTensorType([None, booster.num_feature()]))]
        graph = convert_lightgbm(booster, initial_types=types, zipmap=False)
    else:
        booster = xgboost.Booster(model_file=source)
        booster.feature_names = None
        types = [("x", FloatTensorType([None, booster.num_features()]))]
        graph = convert_xgboost(booster, initial_types=types)
    path.write_bytes(graph.SerializeToString())


def compiled(path: Path, source: Path) -> None:
    """By treelite and tl2cgen, with gcc at the settings that tl2cgen gives it."""
    import tl2cgen
    import treelite

    if source.suffix == ".txt":
        model = treelite.frontend.load_lightgbm_model(source)
    else:
        model = treelite.frontend.load_xgboost_model(source, format_choice="json")
    files = C_FILES.get(path.name.split(".")[0], 0)
    with tempfile.TemporaryDirectory() as directory:
        library = Path(directory) / "model.so"
        settings = {"parallel_comp": files} if files else {}
        tl2cgen.export_lib(model, toolchain="gcc", libpath=library, params=settings, nthread=1)
        path.write_bytes(library.read_bytes())


def compiled_by_lleaves(path: Path, source: Path) -> None:
    import lleaves

    lleaves.Model(model_file=str(source)).compile(cache=str(path))


def main() -> None:
    example, at = Path(sys.argv[1]), Path(sys.argv[2])
    at.mkdir(parents=True, exist_ok=True)
    makers = {
        "deep.json": deep,
        "leafwise.txt": leafwise,
        "large.json": lambda path: large(path, at / "deep.json"),
        "covtype.json": lambda path: json_of(path, example / "model" / "xgboost-model"),
        "narrow.f32": lambda path: training_rows(ROWS)[0].tofile(path),
        "covtype.f32": lambda path: covtype_rows(path, example / "payload.csv"),
        "leafwise.lleaves": lambda path: compiled_by_lleaves(path, at / "leafwise.txt"),
    }
    for name in ["covtype", "deep", "large"]:
        makers[f"{name}-1.7.json"] = lambda path, name=name: for_1_7(path, at / f"{name}.json")
    for name in ["covtype.json", "deep.json", "leafwise.txt"]:
        stem = name.split(".")[0]
        makers[f"{stem}.onnx"] = lambda path, name=name: onnx(path, at / name)
        makers[f"{stem}.so"] = lambda path, name=name: compiled(path, at / name)
    for name, make in makers.items():
        if not (at / name).exists():
            print(f"making {name}", file=sys.stderr)
            # Renamed when it is whole, for what is there is kept.
            unfinished = at / f"{name.split('.')[0]}.unfinished{Path(name).suffix}"
            make(unfinished)
            unfinished.rename(at / name)


if __name__ == "__main__":
    main()
