#!/usr/bin/env python3
"""Writes a scikit-learn tree ensemble as the JSON that the crate `trees` reads.

    python export_sklearn.py MODEL.joblib OUT.json       (or MODEL.pkl)

or, from Python:

    import export_sklearn
    export_sklearn.save(estimator, "model.json")

Estimators: DecisionTree, ExtraTree, RandomForest, ExtraTrees, GradientBoosting and HistGradientBoosting,
each as Classifier and Regressor. What cannot be written exactly is refused with a `ValueError`.

The format, one JSON object (`NaN` and `Infinity` as Python writes them):

    format            "clary-trees"
    version           1
    library           who trained the model, e.g. "scikit-learn 1.9.1"; for people
    estimator         what it is, e.g. "RandomForestClassifier"
    feature_count     values per row
    feature_names     their names; may be empty
    classes           the labels of the classes; empty unless it is a classifier
    rows              "f32" or "f64": how values are rounded before they are compared
    transform         how a row's sums become its prediction: "identity", "sigmoid", "softmax" or "exp"
    sigmoid_factor    by what a sum is multiplied first, for "sigmoid"; 1 if it is not there
    average           whether sums are divided by the number of trees
    base              where the sums start, one per group (class or target)
    values_per_leaf   1: each tree adds to one group, to each group in turn;
                      as many as groups: each tree has a value for every group
    trees             of each, columns with one entry per node, the root first:
        left, right       the numbers of the children; -1 at leaves
        feature           which value is asked for (any at leaves)
        threshold         left if the value is at most this (any at leaves)
        missing_left      1 if missing values go left, else 0 (any at leaves)
        categories        `null`, or for each node `null` or the list of the categories (whole numbers) that
                          go to the other side than missing and unknown ones do
        cover             the weight of the training rows that met the node; for explanations
        gain              what the split gained; may be empty
        value             the values of the leaves, in the order of their nodes, `values_per_leaf` each
"""

import json
import sys

import numpy as np


def save(estimator, path):
    """Writes `estimator` to the file `path`."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump(export(estimator), file, separators=(",", ":"))


def export(estimator):
    """`estimator` as an object of the format above."""
    import sklearn

    kind = type(estimator).__name__
    writers = {
        "DecisionTree": single, "ExtraTree": single, "RandomForest": forest, "ExtraTrees": forest,
        "GradientBoosting": boosting, "HistGradientBoosting": histograms,
    }
    family = kind.removesuffix("Classifier").removesuffix("Regressor")
    if family == kind or family not in writers:
        raise ValueError(f"`{kind}` is not supported: export one of {sorted(writers)}, as Classifier or Regressor")
    classes = getattr(estimator, "classes_", np.array([]))
    if getattr(estimator, "n_outputs_", 1) != 1 and kind.endswith("Classifier"):
        raise ValueError("classifiers of several outputs are not supported: export one for each output")
    return {
        "format": "clary-trees",
        "version": 1,
        "library": f"scikit-learn {sklearn.__version__}",
        "estimator": kind,
        "feature_count": int(estimator.n_features_in_),
        "feature_names": [str(name) for name in getattr(estimator, "feature_names_in_", [])],
        "classes": classes.tolist(),
        "rows": "f32",
        "transform": "identity",
        "average": False,
        **writers[family](estimator),
    }


def single(estimator):
    return several(estimator, [estimator])


def forest(estimator):
    return several(estimator, estimator.estimators_)


def several(estimator, members):
    """Trees whose leaves are averaged: shares of classes, or values of targets."""
    classifier = hasattr(estimator, "classes_")
    trees = [columns(member.tree_, shares=classifier) for member in members]
    width = len(trees[0]["value"]) // sum(child == -1 for child in trees[0]["left"])
    return {"average": True, "base": [0.0] * width, "values_per_leaf": width, "trees": trees}


def columns(tree, scale=None, shares=False):
    """One tree of any of the estimators that share scikit-learn's `Tree`."""
    leaves = tree.children_left == -1
    values = tree.value[leaves]
    totals = values.sum(axis=2, keepdims=True)
    if shares and not np.allclose(totals, 1.0):
        values = values / totals  # before 1.3 leaves counted their rows
    # Of one output there are as many values as classes, of several there is one value each.
    values = values.ravel() if scale is None else scale * values.ravel()
    missing = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count))
    weight = tree.weighted_n_node_samples
    impurity = weight * tree.impurity
    gain = np.where(leaves, 0.0, impurity - impurity[tree.children_left] - impurity[tree.children_right])
    return {
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "feature": np.maximum(tree.feature, 0).tolist(),
        "threshold": tree.threshold.tolist(),
        "missing_left": np.asarray(missing, int).tolist(),
        "categories": None,
        "cover": weight.tolist(),
        "gain": gain.tolist(),
        "value": values.tolist(),
    }


def boosting(estimator):
    """Gradient boosting: a constant start, and trees that are scaled by the learning rate."""
    width = estimator.n_features_in_
    start = estimator._raw_predict_init(np.zeros((2, width), np.float32))
    other = estimator._raw_predict_init(np.ones((2, width), np.float32))
    if estimator.init_ != "zero" and not type(estimator.init_).__name__.startswith("Dummy") or (start != other).any():
        raise ValueError("`init` is an estimator of its own: only constant starts are supported")
    classifier = hasattr(estimator, "classes_")
    transform, factor = "identity", 1.0
    if classifier:
        transform = "softmax" if len(estimator.classes_) > 2 else "sigmoid"
        factor = 2.0 if estimator.loss == "exponential" else 1.0
    return {
        "transform": transform,
        "sigmoid_factor": factor,
        "base": start[0].astype(float).tolist(),
        "values_per_leaf": 1,
        "trees": [columns(tree.tree_, estimator.learning_rate) for tree in estimator.estimators_.ravel()],
    }


def histograms(estimator):
    """Histogram gradient boosting, whose values are compared in `f64`."""
    places, names = encoded(estimator)
    known, index = estimator._bin_mapper.make_known_categories_bitsets()
    losses = {"log_loss": "softmax", "poisson": "exp", "gamma": "exp"}
    transform = losses.get(estimator.loss, "identity")
    if transform == "softmax" and len(estimator._baseline_prediction.ravel()) == 1:
        transform = "sigmoid"
    trees = [
        nodes(predictor, places, names, known, index) for of_round in estimator._predictors for predictor in of_round
    ]
    return {
        "rows": "f64",
        "transform": transform,
        "base": estimator._baseline_prediction.ravel().astype(float).tolist(),
        "values_per_leaf": 1,
        "trees": trees,
    }


def encoded(estimator):
    """Which value of a row each column of the trees is, and what its codes stand for, if it is encoded."""
    width = estimator.n_features_in_
    preprocessor = getattr(estimator, "_preprocessor", None)
    if preprocessor is None:
        return list(range(width)), {}
    places, names = [], {}
    for name, encoder, chosen in preprocessor.transformers_:
        if name == "remainder":
            continue
        chosen = np.flatnonzero(chosen) if np.asarray(chosen).dtype == bool else np.asarray(chosen)
        if name == "encoder":
            names.update({len(places) + i: categories for i, categories in enumerate(encoder.categories_)})
        places.extend(int(place) for place in chosen)
    return places, names


def category(place, code, names):
    """The category that stands in rows for a code in the trees."""
    if place not in names:
        return code
    value = names[place][code]
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if number < 0 or number != value:
        raise ValueError(f"category `{value}` is no whole number of at least 0: encode categories as such numbers")
    return number


def members(words):
    return {32 * i + bit for i, word in enumerate(words) for bit in range(32) if int(word) >> bit & 1}


def nodes(predictor, places, names, known, index):
    table = predictor.nodes
    leaves = table["is_leaf"].astype(bool)
    categories = [None] * len(table)
    for number in np.flatnonzero(table["is_categorical"].astype(bool) & ~leaves):
        row = table[number]
        place = int(row["feature_idx"])
        left = members(predictor.raw_left_cat_bitsets[row["bitset_idx"]])
        # Unknown categories go with the missing; the others are told apart from them.
        others = members(known[index[place]]) - left if row["missing_go_to_left"] else left
        total = len(names[place]) if place in names else None
        codes = [code for code in others if total is None or code < total]
        valued = [code for code in codes if place not in names or names[place][code] == names[place][code]]
        categories[number] = sorted(category(place, code, names) for code in valued)
    return {
        "left": np.where(leaves, -1, table["left"].astype(int)).tolist(),
        "right": np.where(leaves, -1, table["right"].astype(int)).tolist(),
        "feature": [0 if leaf else places[int(place)] for leaf, place in zip(leaves, table["feature_idx"])],
        "threshold": table["num_threshold"].tolist(),
        "missing_left": table["missing_go_to_left"].astype(int).tolist(),
        "categories": categories if any(category is not None for category in categories) else None,
        "cover": table["count"].astype(float).tolist(),
        "gain": np.where(leaves, 0.0, table["gain"]).tolist(),
        "value": table["value"][leaves].tolist(),
    }


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n\n")[1].strip())
    import joblib

    save(joblib.load(sys.argv[1]), sys.argv[2])


if __name__ == "__main__":
    main()
