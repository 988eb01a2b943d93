"""Golden values for the metrics, by scikit-learn.

    python tests/golden/metrics.py > tests/golden/metrics.json

Made with scikit-learn 1.9.1 and NumPy 2.4.6. `null` is a metric that is undefined on the case.
"""

import json
import warnings

import numpy as np
from sklearn import metrics as m

warnings.simplefilter("ignore")
rng = np.random.default_rng(3)


def one_hot(codes, classes):
    return np.eye(classes)[codes]


def binary(codes, p):
    codes, p = np.asarray(codes), np.asarray(p, float)
    labels = (p > 0.5).astype(int)
    both = len(set(codes)) == 2
    return {
        "classes": 2,
        "codes": codes.tolist(),
        "predicted": np.column_stack([1 - p, p]).ravel().tolist(),
        "expected": {
            "roc_auc": float(m.roc_auc_score(codes, p)) if both else None,
            "pr_auc": float(m.average_precision_score(codes, p)) if codes.any() else None,
            "log_loss": float(m.log_loss(codes, np.column_stack([1 - p, p]), labels=[0, 1])),
            "accuracy": float(m.accuracy_score(codes, labels)),
            "balanced_accuracy": float(m.balanced_accuracy_score(codes, labels)),
            "f1": float(m.f1_score(codes, labels, zero_division=0)),
            "precision": float(m.precision_score(codes, labels, zero_division=0)),
            "recall": float(m.recall_score(codes, labels, zero_division=0)),
            "mcc": float(m.matthews_corrcoef(codes, labels)),
            "brier": float(np.mean((p - codes) ** 2)),
        },
        "confusion": m.confusion_matrix(codes, labels, labels=[0, 1]).ravel().tolist(),
    }


def multiclass(codes, p):
    codes, p = np.asarray(codes), np.asarray(p, float)
    k = p.shape[1]
    labels = p.argmax(axis=1)
    present = [c for c in range(k) if (codes == c).any()]
    rest = [c for c in present if not (codes == c).all()]
    mean = lambda f, over: float(np.mean([f(codes == c, p[:, c]) for c in over])) if over else None
    whole = len(present) == k
    auc = mean(m.roc_auc_score, rest)
    if whole:
        assert abs(auc - m.roc_auc_score(codes, p, multi_class="ovr", average="macro")) < 1e-12
    return {
        "classes": k,
        "codes": codes.tolist(),
        "predicted": p.ravel().tolist(),
        "expected": {
            "roc_auc": auc,
            "pr_auc": mean(m.average_precision_score, present),
            "log_loss": float(m.log_loss(codes, p, labels=range(k))),
            "accuracy": float(m.accuracy_score(codes, labels)),
            "balanced_accuracy": float(m.balanced_accuracy_score(codes, labels)),
            "f1": float(m.f1_score(codes, labels, average="macro", zero_division=0)),
            "precision": float(m.precision_score(codes, labels, average="macro", zero_division=0)),
            "recall": float(m.recall_score(codes, labels, average="macro", zero_division=0)),
            "mcc": float(m.matthews_corrcoef(codes, labels)),
            "brier": float(m.brier_score_loss(codes, p, labels=range(k))),
        },
        "confusion": m.confusion_matrix(codes, labels, labels=range(k)).ravel().tolist(),
    }


def regression(actual, predicted):
    a, p = np.asarray(actual, float), np.asarray(predicted, float)
    logs = (a > -1).all() and (p > -1).all()
    return {
        "actual": a.tolist(),
        "predicted": p.tolist(),
        "expected": {
            "rmse": float(m.root_mean_squared_error(a, p)),
            "mse": float(m.mean_squared_error(a, p)),
            "mae": float(m.mean_absolute_error(a, p)),
            "r2": float(m.r2_score(a, p)) if len(a) > 1 else None,
            "median_absolute_error": float(m.median_absolute_error(a, p)),
            "mape": float(m.mean_absolute_percentage_error(a, p)),
            "rmsle": float(m.root_mean_squared_log_error(a, p)) if logs else None,
        },
    }


codes = rng.integers(0, 2, 200)
scores = np.clip(0.3 * codes + rng.random(200) * 0.7, 0, 1)
k3 = rng.integers(0, 3, 150)
soft = rng.dirichlet([1, 1, 1], 150)
soft[np.arange(150), k3] += 0.3
soft /= soft.sum(axis=1, keepdims=True)
quarters = np.array([[0.25, 0.25, 0.5], [0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
tied = quarters[rng.integers(0, 5, 60)]
gap = rng.choice([0, 2, 3], 80)
values = np.round(rng.lognormal(1, 1, 101), 3)

print(
    json.dumps(
        {
            "binary": {
                "plain": binary(codes, scores),
                "ties": binary(codes, np.round(scores, 1)),
                "all tied": binary(codes, np.full(200, 0.5)),
                "perfect": binary([0, 0, 1, 1], [0, 0.25, 0.75, 1]),
                "surely wrong": binary([0, 1, 1], [1, 0, 1]),
                "one class": binary([1, 1, 1], [0.2, 0.7, 0.5]),
                "no positives": binary([0, 0], [0.2, 0.7]),
                "one row": binary([1], [0.75]),
                "rare": binary([0] * 99 + [1], np.linspace(0, 0.99, 100)),
                "never predicted": binary([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]),
            },
            "multiclass": {
                "plain": multiclass(k3, soft),
                "ties": multiclass(rng.integers(0, 3, 60), tied),
                "hard": multiclass([0, 1, 2, 2], one_hot([0, 2, 2, 1], 3)),
                "absent class": multiclass(gap, rng.dirichlet([1, 1, 1, 1], 80)),
                "one class": multiclass([2, 2], [[0.2, 0.3, 0.5], [0.5, 0.25, 0.25]]),
                "one row": multiclass([1], [[0.25, 0.5, 0.25]]),
                "many": multiclass(np.arange(120) % 12, rng.dirichlet(np.ones(12), 120)),
            },
            "regression": {
                "plain": regression(values, values * rng.lognormal(0, 0.3, 101)),
                "even count": regression(values[:10], values[10:20]),
                "negative": regression(values - 3, values),
                "perfect": regression(values, values),
                "constant target": regression([2, 2, 2], [2, 2.5, 2]),
                "constant target, hit": regression([2, 2, 2], [2, 2, 2]),
                "zeros": regression([0, 1, 0], [0.5, 1, 0]),
                "one row": regression([3], [2.5]),
                "far off": regression([1, 2, 3], [1e6, -1e6, 0]),
            },
        },
        indent=None,
        separators=(",", ":"),
    )
)
