"""Golden predictions of boosting of symmetric trees, by CatBoost.

    python tests/golden/symmetric.py > tests/golden/symmetric.json

Made with CatBoost 1.2.10, scikit-learn 1.9.1 and NumPy 2.4.6. All features are integers, which single precision holds
exactly.

`exact`: tables of 640 training rows, whose numbers have fewer values than bins, so that both sides choose among the same
thresholds and must grow the same trees. CatBoost's score is set to G² / (H + l2), and all that it draws at random is
turned off. Its search goes by sums of gradients over numbers of rows where ours has hessians, which is the same for the
squared error only; so only numbers are compared. It gives what is missing to the lowest bin; so nothing is missing. Where
no row went it predicts 0, and ours what the leaf above does; so answers are for training rows. Tables are drawn until
CatBoost predicts the same with the columns in another order or mirrored: then no two best splits are equal.

`alike`: a noisy table of 3000 training rows and 2000 others, with more values than bins, and holes; 100 trees of six
levels. The mean score over fits with ten numbers of bins is compared. `margin` is how much worse ours may be: 2 % of
the loss.
"""

import json

import numpy as np
from boosting import BINS, EXACT, PREDICTED, Table, noisy, score, small
from catboost import CatBoost, Pool

DEFAULTS = {
    "growth": "symmetric",
    "learning_rate": 0.1,
    "trees": 100,
    "max_leaves": 64,
    "max_depth": 6,
    "min_rows_leaf": 1,
    "min_hessian": 0.0,
    "l2": 3.0,
    "max_bins": 255,
}
FIXED = {
    "grow_policy": "SymmetricTree",
    "score_function": "L2",
    "boosting_type": "Plain",
    "bootstrap_type": "No",
    "random_strength": 0,
    "rsm": 1,
    "leaf_estimation_method": "Newton",
    "leaf_estimation_iterations": 1,
    "boost_from_average": True,
    "thread_count": 1,
    "random_seed": 1,
    "allow_writing_files": False,
    "verbose": False,
}


class Fitted:
    def __init__(self, model, classes):
        self.model, self.classes = model, classes

    def predict(self, x):
        if self.classes == 0:
            return self.model.predict(x)
        p = self.model.predict(x, prediction_type="Probability")
        return p[:, 1] if self.classes == 2 else p


class Symmetric(Table):
    """A table of numbers on which CatBoost is trained."""

    def model(self, params):
        p = DEFAULTS | params
        loss = {0: "RMSE", 2: "Logloss"}.get(self.classes, "MultiClass")
        settings = {"loss_function": loss, "iterations": p["trees"], "learning_rate": p["learning_rate"]}
        settings |= {"depth": p["max_depth"], "l2_leaf_reg": p["l2"], "border_count": p["max_bins"] - 1}
        # For more than two classes CatBoost has no such start.
        fixed = {k: v for k, v in FIXED.items() if k != "boost_from_average" or self.classes <= 2}
        model = CatBoost(settings | fixed)
        model.fit(Pool(self.x[: self.train], self.y[: self.train]))
        return Fitted(model, self.classes)

    @classmethod
    def of(cls, table):
        """The numbers of a table."""
        numbers = [j for j, n in enumerate(table.levels) if n == 0]
        x = np.where(np.isnan(table.x), -1, table.x)
        return cls([x[:, j] for j in numbers], [0] * len(numbers), table.y, table.classes, table.train)


def exact(table, params):
    """A case, or None where there is a tie."""
    predicted = table.model(params).predict(table.x)
    for other in table.others():
        other = Symmetric(other.x.T, other.levels, other.y, other.classes, other.train)
        # Mirrored cuts are in the same gaps, and rows that were not trained on may be in them.
        apart = predicted - other.model(params).predict(other.x)
        if np.abs(apart[: table.train]).max() > 1e-9 * np.abs(predicted).max():
            return None
    predicted = [float(f"{v:.10g}") for v in predicted[:PREDICTED]]
    return {"params": DEFAULTS | params, "first": 0, "predicted": predicted, "tolerance": EXACT}


def settings():
    """What the trees of a small table are grown with."""
    for depth, trees, l2 in [(1, 30, 0.0), (2, 20, 3.0), (4, 10, 3.0), (6, 3, 1.0)]:
        yield {"max_depth": depth, "trees": trees, "l2": l2}


def exact_set(number):
    for seed in range(200):
        table = Symmetric.of(small(np.random.default_rng([seed, number, 5]), "numbers", 0))
        cases = []
        for params in settings():
            cases.append(exact(table, params))
            if cases[-1] is None:
                break
        else:
            return table.written([table.target(cases)])
    raise SystemExit("every table has ties")


def alike(table):
    scores = [score(table, {"max_bins": bins}) for bins in BINS]
    metric, expected = scores[0][0], np.mean([s for _, s in scores])
    margin = 0.02 * (1 - expected if metric == "roc_auc" else expected)
    case = {"params": DEFAULTS, "bins": BINS, "metric": metric, "expected": expected, "margin": margin}
    return table.target([case])


if __name__ == "__main__":
    tables = [Symmetric.of(table) for table in noisy(np.random.default_rng(9))]
    golden = {
        "exact": [exact_set(number) for number in range(2)],
        "alike": [tables[0].written([alike(t) for t in tables])],
    }
    print(json.dumps(golden, separators=(",", ":")))
