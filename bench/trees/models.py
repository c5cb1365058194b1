"""Trains the models that `cargo xtask bench trees` measures beside the covtype example.

    models.py DIRECTORY

Rows are random, so that anybody gets the same models; what is there already is kept.
"""

import json
import sys
from pathlib import Path

import lightgbm
import numpy
import xgboost

FEATURES = 30
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def rows(count: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    random = numpy.random.default_rng(0)
    x = random.normal(size=(count, FEATURES)).astype(numpy.float32)
    y = (x[:, :8] ** 2).sum(1) + x[:, 8] * x[:, 9] * 3 + random.normal(size=count)
    return x, y


def deep(path: Path) -> None:
    """1000 trees of depth 8."""
    x, y = rows(60_000)
    settings = {"max_depth": 8, "tree_method": "hist", "eta": 0.05}
    xgboost.train(settings, xgboost.DMatrix(x, y), 1000).save_model(path)


def leafwise(path: Path) -> None:
    """500 trees of 63 leaves."""
    x, y = rows(30_000)
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


def covtype(path: Path) -> None:
    """The rows of the covtype example."""
    rows = EXAMPLES / "covtype" / "payload.csv"
    numpy.loadtxt(rows, delimiter=",", dtype=numpy.float32).tofile(path)


def main() -> None:
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for name, make in {
        "deep.json": deep,
        "leafwise.txt": leafwise,
        "large.json": lambda path: large(path, directory / "deep.json"),
        "rows.f32": lambda path: rows(20_000)[0].tofile(path),
        "covtype.f32": covtype,
    }.items():
        if not (directory / name).exists():
            make(directory / name)


if __name__ == "__main__":
    main()
