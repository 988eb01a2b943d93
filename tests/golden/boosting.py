"""Golden predictions of gradient boosting, by LightGBM.

    python tests/golden/boosting.py > tests/golden/boosting.json

Made with LightGBM 4.7.0, scikit-learn 1.9.1 and NumPy 2.4.6. All features are integers, which single precision holds exactly.

`exact`: tables of 640 training rows, whose numbers have fewer values than bins, so that both sides choose among the same
thresholds and must grow the same trees. They are drawn until no two best splits are equal: LightGBM predicts the same with
the columns in another order or the numbers mirrored. What is then left of a difference: a leaf's value is stored in
single precision, 6·10⁻⁸ of itself, and gradients are quantised to some 10⁻⁶ of their mean size, which decides only between
gains as near as that. Differences are up to 1.4·10⁻⁷ of the target's standard deviation, or of 1 for probabilities, and have to
be below 5·10⁻⁷; one other split makes one of 10⁻³ or more. What LightGBM does otherwise on purpose is kept out:
- In a gap between a node's values its threshold is at the upper end and ours at the lower. So deep trees answer for the
  first training rows, and only stumps, whose nodes have no gaps, for rows that were not trained on.
- It tells the number of rows in a bin from the bin's sum of hessians, which is off where these differ between rows. So the
  later trees of classes have no fewest rows, and the first, whose hessians are all equal, have 16.
- It gives zero a bin with bounds at ±10⁻³⁵. So no number is 0.
- It counts a feature's levels, and ours those in the node, to tell whether one level is split from the others. So three
  levels come with trees of any depth, and many with stumps.
- It does not try a feature in a node where no split on it gained anything in the node above, which penalties bring about. So these
  come with stumps, and there is no `min_gain`.
- It shrinks the values of leaves under a grouping of levels by `cat_l2` as well. So that is 0.
- `l1` is in the target's own units, ours in those of its standard deviation. So only classes have one.

`alike`: a noisy table of 3000 training rows and 2000 others, with more values than bins, holes and categories; 100 trees of 31
leaves. Trees soon differ in a split of nearly equal gain, and all after it is different. So the mean score over fits with
ten numbers of bins is compared, whose standard error is a third of that of one fit. `margin` is how much worse ours may be:
about three standard errors of the difference of two such means.
"""

import json

import lightgbm as lgb
import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

EXACT = 5e-7
PREDICTED = 76
BINS = list(range(246, 256))
MARGINS = {"rmse": 0.45, "roc_auc": 0.002, "log_loss": 0.008}
OURS = {
    "learning_rate": "learning_rate",
    "trees": "num_iterations",
    "max_leaves": "num_leaves",
    "max_depth": "max_depth",
    "min_rows_leaf": "min_data_in_leaf",
    "min_hessian": "min_sum_hessian_in_leaf",
    "l1": "lambda_l1",
    "l2": "lambda_l2",
    "max_bins": "max_bin",
    "cat_smooth": "cat_smooth",
    "cat_l2": "cat_l2",
    "cat_group_rows": "min_data_per_group",
}
FIXED = {
    "min_data_in_bin": 1,
    "feature_pre_filter": False,
    "boost_from_average": True,
    "use_missing": True,
    "zero_as_missing": False,
    # Three levels and the missing one.
    "max_cat_to_onehot": 4,
    "max_cat_threshold": 32,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 1,
    "verbosity": -1,
}
# A fortieth of the small tables' rows, which is ours' most, where it is a number of rows.
DEFAULTS = {
    "learning_rate": 0.1,
    "trees": 100,
    "max_leaves": 31,
    "max_depth": 0,
    "min_rows_leaf": 16,
    "min_hessian": 1e-3,
    "l1": 0.0,
    "l2": 0.0,
    "max_bins": 255,
    "cat_smooth": 10.0,
    "cat_l2": 10.0,
    "cat_group_rows": 16,
}
CATEGORIES = {"few": 3, "many": 20}


class Table:
    """Columns of integers, -1 for what is missing; a category has so many `levels`, a number 0."""

    def __init__(self, columns, levels, y, classes, train):
        self.x = np.column_stack(columns).astype(float)
        self.x[self.x < 0] = np.nan
        self.levels, self.y, self.classes, self.train = levels, np.asarray(y), classes, train

    def others(self):
        """The same table to anyone but a tie."""
        mirrored = np.column_stack([c if n else 1000 - c for c, n in zip(self.x.T, self.levels)])
        for x, step in [(self.x, -1), (mirrored, 1), (mirrored, -1)]:
            yield Table(x.T[::step], self.levels[::step], self.y, self.classes, self.train)

    def model(self, params):
        objective = {0: "regression", 2: "binary"}.get(self.classes, "multiclass")
        settings = {OURS[k]: v for k, v in (DEFAULTS | params).items()} | FIXED | {"objective": objective}
        if settings["max_depth"] == 0:
            settings["max_depth"] = -1
        if self.classes > 2:
            settings["num_class"] = self.classes
        rounds = settings.pop("num_iterations")
        categories = [j for j, n in enumerate(self.levels) if n]
        data = lgb.Dataset(self.x[: self.train], self.y[: self.train], categorical_feature=categories)
        return lgb.train(settings, data, rounds)

    def written(self, targets):
        cells = [[None if np.isnan(v) else int(v) for v in column] for column in self.x.T]
        columns = [{"levels": n, "cells": c} for n, c in zip(self.levels, cells)]
        return {"columns": columns, "train": self.train, "targets": targets}

    def target(self, cases):
        y = self.y if self.classes == 0 else self.y.astype(int)
        return {"classes": self.classes, "y": y.tolist(), "cases": cases}


def exact(table, params):
    """A case, or None where there is a tie."""
    predicted = table.model(params).predict(table.x)
    for other in table.others():
        if np.abs(predicted - other.model(params).predict(other.x)).max() > 1e-9 * np.abs(predicted).max():
            return None
    first = table.train if params.get("max_leaves") == 2 else 0
    predicted = predicted[first : first + PREDICTED].ravel()
    predicted = [float(f"{v:.10g}") for v in predicted]
    return {"params": DEFAULTS | params, "first": first, "predicted": predicted, "tolerance": EXACT}


def score(table, params):
    p, y = table.model(params).predict(table.x[table.train :]), table.y[table.train :]
    if table.classes == 0:
        return "rmse", np.sqrt(np.mean((p - y) ** 2))
    return ("roc_auc", roc_auc_score(y, p)) if table.classes == 2 else ("log_loss", log_loss(y, p))


def holes(rng, column, share):
    return np.where(rng.random(len(column)) < share, -1, column)


def parts(rng, z, classes):
    """Classes by where `z`, with noise, is among equal parts."""
    z = z + rng.logistic(size=len(z)) * z.std() * 0.4
    return np.searchsorted(np.quantile(z, np.arange(1, classes) / classes), z)


def small(rng, kind, classes):
    rows, train = 640 + PREDICTED, 640
    x = [rng.integers(1, 61, rows) for _ in range(4)]
    z = np.sin(x[0] / 10.0) + (x[1] / 30.0 - 1) * (x[2] / 30.0 - 1) + 0.01 * x[3]
    levels = [0] * 4
    if kind == "holes":
        x = [holes(rng, column, 0.25) for column in x]
        z = z + 0.8 * (x[0] < 0) - 0.5 * (x[2] < 0)
    if kind in CATEGORIES:
        levels[3] = CATEGORIES[kind]
        x[3] = rng.integers(0, levels[3], rows)
        z = z + rng.normal(size=levels[3])[x[3]]
    y = np.round(50 + 10 * z + 4 * rng.normal(size=rows), 2) if classes == 0 else parts(rng, z, classes)
    return Table(x, levels, y, classes, train)


def settings(kind, classes):
    """What the trees of one small table are grown with."""
    plain = {"cat_l2": 0.0} if classes == 0 else {"cat_l2": 0.0, "min_rows_leaf": 1, "cat_group_rows": 1}
    stumps = plain | {"max_leaves": 2, "trees": 30}
    yield stumps
    yield stumps | {"l2": 5.0} | ({} if classes == 0 else {"l1": 1.0})
    if kind == "many":
        return
    yield {"cat_l2": 0.0, "trees": 1, "learning_rate": 1.0, "max_leaves": 31 if classes == 0 else 12}
    yield plain | {"trees": 20 if classes == 0 else 8, "max_leaves": 8, "min_hessian": 9.1}
    yield plain | {"trees": 20 if classes == 0 else 8, "max_depth": 3, "min_hessian": 2.1}


def exact_set(kind, classes):
    for seed in range(200):
        table = small(np.random.default_rng([seed, classes]), kind, classes)
        cases = []
        for params in settings(kind, classes):
            cases.append(exact(table, params))
            if cases[-1] is None:
                break
        else:
            return table.written([table.target(cases)])
    raise SystemExit(f"every table of {kind} has ties")


def noisy(rng):
    rows, train = 5000, 3000
    x = [rng.integers(1, 1000, rows) for _ in range(5)]
    u = [column / 500.0 - 1 for column in x]
    few, many = rng.integers(0, 6, rows), np.minimum(rng.geometric(0.08, rows) - 1, 39)
    z = np.sin(3 * u[0]) + u[1] * u[2] + np.maximum(u[3], 0) + 0.3 * u[4]
    z = z + rng.normal(size=6)[few] * 0.5 + rng.normal(size=40)[many] * 0.5
    gone = rng.random(rows) < 0.15
    x[0], z = np.where(gone, -1, x[0]), z + 0.6 * gone
    x[3], many = holes(rng, x[3], 0.3), holes(rng, many, 0.1)
    columns, levels = x + [few, many], [0] * 5 + [6, 40]
    y = np.round(100 * (z + 0.7 * rng.normal(size=rows)))
    return [Table(columns, levels, y, 0, train)] + [Table(columns, levels, parts(rng, z, k), k, train) for k in [2, 4]]


def alike(table):
    params = {"min_rows_leaf": 20, "cat_group_rows": 75, "trees": 100}
    scores = [score(table, params | {"max_bins": bins}) for bins in BINS]
    metric, expected = scores[0][0], np.mean([s for _, s in scores])
    case = {"params": DEFAULTS | params, "bins": BINS, "metric": metric, "expected": expected, "margin": MARGINS[metric]}
    return table.target([case])


if __name__ == "__main__":
    tables = noisy(np.random.default_rng(9))
    golden = {
        "exact": [exact_set(kind, classes) for kind in ["numbers", "holes", "few", "many"] for classes in [0, 2, 3]],
        "alike": [tables[0].written([alike(t) for t in tables])],
    }
    print(json.dumps(golden, separators=(",", ":")))
