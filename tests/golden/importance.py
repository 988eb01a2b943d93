"""Golden values of permutation importance on the scale of the target, by scikit-learn.

    python tests/golden/importance.py > tests/golden/importance.json

The model tells logarithms of amounts; what is scored is the amounts.
"""

import json
import sys

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.inspection import permutation_importance

REPEATS = 60
BY = [1.1, -0.6, 0.0]

rng = np.random.default_rng(17)
rows = np.round(rng.normal(size=(250, 3)), 3).astype(np.float32).astype(float)
actual = np.round(np.exp(rows @ np.array(BY) + 0.2 * rng.normal(size=len(rows))), 4) + 0.001


class Linear(RegressorMixin, BaseEstimator):
    """As if it had been fitted on logarithms."""

    def fit(self, x, y):
        # What lies far beyond the logarithms seen is drawn in, by a quarter of their range.
        margin = 0.25 * (y.max() - y.min())
        self.ends_ = (y.min() - margin, y.max() + margin)
        return self

    def predict(self, x):
        return np.clip(x @ np.array(BY), *self.ends_)


model = TransformedTargetRegressor(Linear(), func=np.log, inverse_func=np.exp).fit(rows, actual)
importance = []
for scoring in ["neg_root_mean_squared_error", "neg_mean_absolute_error"]:
    found = permutation_importance(model, rows, actual, scoring=scoring, n_repeats=REPEATS, random_state=3)
    # scikit-learn's deviation divides by the number of repeats, ours by one less.
    sd = found.importances.std(axis=1, ddof=1)
    importance.append([[float(m), float(s)] for m, s in zip(found.importances_mean, sd)])

json.dump(
    {
        "rows": rows.tolist(),
        "actual": actual.tolist(),
        "by": BY,
        "repeats": REPEATS,
        "importance": importance,
    },
    sys.stdout,
)
