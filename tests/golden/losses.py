"""Golden predictions of gradient boosting by losses of numbers, and with directions, by LightGBM; by scikit-learn for the absolute loss and quantiles.

    python tests/golden/losses.py > tests/golden/losses.json

Made with the versions that `boosting.py` names, whose tables, settings and search for tables without ties these are; what it
says of equal trees holds here. Besides:
- LightGBM's quantile of a leaf is interpolated between values that are not the best, and with weights it is the value below. Ours
  is the middle of the values that make the loss least, which scikit-learn takes for a median without weights, and for quantiles
  with weights, where no sum of weights is `level` of all. So it stands for these, with weights of 1 where there are none.
- LightGBM adds to the hessian of Poisson's loss, as if scores were `poisson_max_delta_step` higher. So that is nearly 0.
- Its hessians of Poisson's and Tweedie's losses are in the target's unit, ours in that of its mean. So there are no penalties on
  leaves, and no least hessian that any leaf could fall below.
- The mean is e to the score, which makes more of what is left of a difference: of these two losses ten times as much is let pass.
- Outliers here are ten standard deviations away, and so is a leaf of one: its rounding is let pass twice as much.
- Where numbers have directions, ours compares splits with what a leaf gains by its bounded step, LightGBM with what it would
  gain by a free one. So trees are small.
- It stores targets in single precision. So they are multiples of 1/64.
- Huber's loss is fitted otherwise: LightGBM starts at the mean and gives leaves the mean of clipped residuals; ours starts at the
  best constant, and a leaf's value is its residuals' median and the clipped mean of what is left (Friedman, 2001). Where delta is
  far beyond all residuals, both are the squared loss, and equal. Else absolute errors are compared, on targets with outliers:
  ours may be worse by a hundredth, and the absolute loss by three standard errors.
"""

import json

import lightgbm as lgb
import numpy as np
from boosting import BINS, DEFAULTS, EXACT, FIXED, OURS, PREDICTED, Table, exact, noisy
from sklearn.ensemble import HistGradientBoostingRegressor

TAKEN = {
    "absolute": lambda p, y: {"objective": "regression_l1"},
    "squared": lambda p, y: {"objective": "regression", "monotone_constraints_method": "basic"},
    "huber": lambda p, y: {"objective": "huber", "alpha": p["huber_delta"] * spread(y)},
    "poisson": lambda p, y: {"objective": "poisson", "poisson_max_delta_step": 1e-12},
    "tweedie": lambda p, y: {"objective": "tweedie", "tweedie_variance_power": p["tweedie_power"]},
}


# Of the four columns: x0:+1, x1:-1.
DIRECTIONS = [1, -1, 0, 0]


def spread(y):
    return 1.482602218505602 * np.median(np.abs(y - np.median(y)))


def histogram_boosting(params):
    return HistGradientBoostingRegressor(
        loss="absolute_error" if params["loss"] == "absolute" else "quantile",
        quantile=params.get("quantile_level"),
        learning_rate=params["learning_rate"],
        max_iter=params["trees"],
        max_leaf_nodes=params["max_leaves"],
        max_depth=None,
        min_samples_leaf=params["min_rows_leaf"],
        max_bins=255,
        early_stopping=False,
    )


class Weighed(Table):
    """A table of numbers, whose training rows may have weights, fitted by `loss`."""

    def __init__(self, table, loss, weights):
        super().__init__(table.x.T, table.levels, table.y, 0, table.train)
        self.x, self.loss, self.weights = table.x, loss, weights
        # Whether numbers are mirrored, and the columns in the other order.
        self.turn = (1, 1)

    def others(self):
        for table, turn in zip(super().others(), [(1, -1), (-1, 1), (-1, -1)]):
            other = Weighed(table, self.loss, self.weights)
            other.turn = turn
            yield other

    def model(self, params):
        params = DEFAULTS | self.loss | params
        y = self.y[: self.train]
        if params["loss"] in ("absolute", "quantile") and not any(self.levels):
            weights = np.ones(self.train) if self.weights is None and params["loss"] == "quantile" else self.weights
            return histogram_boosting(params).fit(self.x[: self.train], y, sample_weight=weights)
        settings = {OURS[k]: v for k, v in params.items() if k in OURS} | FIXED | TAKEN[params["loss"]](params, y)
        settings["max_depth"] = settings["max_depth"] or -1
        if "monotone" in params:
            sign, step = self.turn
            settings["monotone_constraints"] = [sign * d for d in DIRECTIONS][::step]
        if params["loss"] in ("poisson", "tweedie"):
            # It would take a row of small hessian for none.
            settings["min_data_in_leaf"] = 0
        rounds = settings.pop("num_iterations")
        categories = [j for j, n in enumerate(self.levels) if n]
        data = lgb.Dataset(self.x[: self.train], y, weight=self.weights, categorical_feature=categories)
        return lgb.train(settings, data, rounds)

    def absolute_error(self, params):
        return np.mean(np.abs(self.model(params).predict(self.x[self.train :]) - self.y[self.train :]))

    def target(self, cases):
        target = {"classes": 0, "y": self.y.tolist(), "cases": cases}
        return target if self.weights is None else target | {"weights": self.weights.tolist()}


def small(rng, loss, weighted):
    rows = 640 + PREDICTED
    x = [rng.integers(1, 61, rows) for _ in range(4)]
    z = np.sin(x[0] / 10.0) + (x[1] / 30.0 - 1) * (x[2] / 30.0 - 1) + 0.01 * x[3]
    if loss["loss"] in ("poisson", "tweedie"):
        y = rng.poisson(np.exp(1.0 + 0.6 * z)) * (1.0 if loss["loss"] == "poisson" else rng.gamma(2.0, 1.0, rows))
    else:
        y = 10 * z + 4 * rng.standard_t(3, size=rows)
    table = Table(x, [0] * 4, np.round(64 * y) / 64, 0, 640)
    return Weighed(table, loss, np.round(rng.uniform(0.3, 0.9, 640), 6) if weighted else None)


def settings(loss):
    plain = {"min_rows_leaf": 1, "min_hessian": 1e-6, "max_delta": 1e6}
    stumps = plain | {"max_leaves": 2, "trees": 30}
    yield stumps
    if loss["loss"] in ("absolute", "quantile"):
        # At a rate of 1 a leaf's own quantile has nothing left, and its sign would be a matter of rounding.
        yield stumps | {"max_leaves": 3, "trees": 4, "learning_rate": 0.3}
        # Gradients take two values, so that leaves of large trees gain alike, and none is the first to be split.
        yield plain | {"trees": 1, "learning_rate": 1.0, "max_leaves": 4}
        return
    if loss["loss"] == "squared":
        plain["monotone"] = "x0:+1, x1:-1"
    yield plain | {"trees": 1, "learning_rate": 1.0, "max_leaves": 12}
    yield plain | {"trees": 12, "max_leaves": 8}
    yield plain | {"trees": 12, "max_depth": 3}


def exact_set(number, loss, weighted):
    for seed in range(400):
        table = small(np.random.default_rng([seed, number]), loss, weighted)
        cases = []
        for params in settings(loss):
            cases.append(exact(table, params))
            if cases[-1] is None:
                break
            cases[-1]["params"] |= loss
            cases[-1]["tolerance"] = EXACT * {"poisson": 10, "tweedie": 10, "squared": 2}.get(loss["loss"], 1)
        else:
            return table.written([table.target(cases)])
    raise SystemExit(f"every table of {loss} has ties")


def alike(rng):
    table = noisy(rng)[0]
    table.y = np.where(rng.random(len(table.y)) < 0.05, table.y + 3000, table.y)
    cases = []
    for loss in [{"loss": "huber", "huber_delta": 0.5}, {"loss": "huber", "huber_delta": 1.345}, {"loss": "absolute"}]:
        params = {"min_rows_leaf": 20, "cat_group_rows": 75, "trees": 100}
        fitted = Weighed(table, loss, None)
        scores = [fitted.absolute_error(params | {"max_bins": bins}) for bins in BINS]
        case = {"params": DEFAULTS | params | loss, "bins": BINS, "metric": "mae", "expected": np.mean(scores)}
        errors = 3 * np.sqrt(2 / len(BINS)) * np.std(scores, ddof=1)
        cases.append(case | {"margin": 0.01 * np.mean(scores) if loss["loss"] == "huber" else errors})
    return table.written([table.target(cases)])


LOSSES = [
    ({"loss": "absolute"}, False),
    ({"loss": "quantile", "quantile_level": 0.223}, False),
    ({"loss": "quantile", "quantile_level": 0.871}, True),
    ({"loss": "huber", "huber_delta": 1000.0}, False),
    ({"loss": "poisson"}, False),
    ({"loss": "poisson"}, True),
    ({"loss": "tweedie", "tweedie_power": 1.2}, False),
    ({"loss": "tweedie", "tweedie_power": 1.7}, True),
    ({"loss": "squared"}, False),
]
golden = {
    "exact": [exact_set(number, *loss) for number, loss in enumerate(LOSSES)],
    "alike": [alike(np.random.default_rng(17))],
}
print(json.dumps(golden, separators=(",", ":")))
