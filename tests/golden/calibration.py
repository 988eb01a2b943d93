"""Golden values for calibration, by scikit-learn, SciPy and NumPy.

    python tests/golden/calibration.py > tests/golden/calibration.json

Made with scikit-learn 1.9.1, SciPy 1.17.1 and NumPy 2.4.6.
"""

import json

import numpy as np
from scipy.optimize import minimize
from sklearn.calibration import _SigmoidCalibration, _TemperatureScaling
from sklearn.isotonic import IsotonicRegression

rng = np.random.default_rng(7)
sigmoid = lambda z: 1 / (1 + np.exp(-z))


def platt_targets(y):
    second, first = (y == 1).sum(), (y == 0).sum()
    return np.where(y == 1, (second + 1) / (second + 2), 1 / (first + 2))


def beta(p, y):
    """Kull, Silva Filho and Flach, 2017: logistic on ln p and -ln(1 - p), a negative exponent left out."""
    t = platt_targets(y)

    def fitted(used):
        x = np.column_stack([np.log(p), -np.log1p(-p), np.ones(len(p))])[:, used]

        def loss(w):
            z = x @ w
            return np.sum(np.logaddexp(0, z) - t * z), x.T @ (sigmoid(z) - t)

        w = np.zeros(3)
        w[used] = minimize(loss, np.zeros(len(used)), jac=True, method="BFGS", options={"gtol": 1e-9}).x
        return w

    w = fitted([0, 1, 2])
    if w[0] < 0 or w[1] < 0:
        w = fitted([i for i in (0, 1) if w[i] >= 0] + [2])
    return w


def error(y, p, bins=15):
    """Guo et al., 2017, for the second of two classes or the likeliest of more."""
    if p.shape[1] == 2:
        sure, right = p[:, 1], (y == 1).astype(float)
    else:
        sure, right = p.max(axis=1), (p.argmax(axis=1) == y).astype(float)
    at = np.minimum((sure * bins).astype(int), bins - 1)
    return float(sum(abs(sure[at == b].sum() - right[at == b].sum()) for b in range(bins)) / len(y))


def binary(rows, slope, shift):
    z = rng.normal(0, 1.5, rows)
    y = (rng.random(rows) < sigmoid(z)).astype(int)
    p = np.round(sigmoid(slope * z + shift), 3).clip(0.001, 0.999)
    logit = np.log(p) - np.log1p(-p)
    sigmoids = _SigmoidCalibration().fit(logit, y)
    steps = IsotonicRegression(out_of_bounds="clip").fit(p, y)
    probe = np.array([0.0005, 0.01, 0.123, 0.25, 0.4, 0.5, 0.611, 0.75, 0.9, 0.987, 0.9999])
    both = np.column_stack([1 - p, p])
    return {
        "classes": 2,
        "codes": y.tolist(),
        "predicted": both.ravel().tolist(),
        "inverse_temperature": float(_TemperatureScaling().fit(both, y).beta_),
        "platt": [float(-sigmoids.a_), float(-sigmoids.b_)],
        "beta": beta(p, y).tolist(),
        "isotonic": {"at": probe.tolist(), "to": steps.predict(probe).tolist()},
        "expected_calibration_error": error(y, both),
    }


def multiclass(rows, sharpness):
    z = rng.normal(0, 1.5, (rows, 3))
    true = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    y = np.array([rng.choice(3, p=t) for t in true])
    p = true**sharpness
    p /= p.sum(axis=1, keepdims=True)
    return {
        "classes": 3,
        "codes": y.tolist(),
        "predicted": p.ravel().tolist(),
        "inverse_temperature": float(_TemperatureScaling().fit(p, y).beta_),
        "expected_calibration_error": error(y, p),
    }


print(
    json.dumps(
        {
            "too sure": binary(300, 2.5, 0.0),
            "shifted": binary(300, 1.0, 1.5),
            "too timid": binary(200, 0.4, -0.3),
            "three classes, too sure": multiclass(240, 2.0),
            "three classes, too timid": multiclass(240, 0.5),
        },
        indent=None,
        separators=(",", ":"),
    )
)
