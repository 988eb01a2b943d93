"""Golden values for paired tests, by SciPy and by the formulas written out.

    python tests/golden/paired.py > tests/golden/paired.json

Made with SciPy 1.17.1 and NumPy 2.4.6.
"""

import json

import numpy as np
from scipy import stats

rng = np.random.default_rng(11)


def delong(y, a, b):
    """DeLong, DeLong and Clarke-Pearson, 1988, every pair compared."""

    def components(p):
        x, z = p[y == 1], p[y == 0]
        won = (x[:, None] > z[None, :]) + 0.5 * (x[:, None] == z[None, :])
        return won.mean(), won.mean(axis=1), won.mean(axis=0)

    (auc_a, xa, za), (auc_b, xb, zb) = components(a), components(b)
    variance = np.var(xa - xb, ddof=1) / len(xa) + np.var(za - zb, ddof=1) / len(za)
    error = np.sqrt(variance)
    return {
        "difference": float(auc_a - auc_b),
        "error": float(error),
        "p": float(2 * stats.norm.sf(abs(auc_a - auc_b) / error)),
    }


def auc_case(rows, noise, decimals):
    y = (rng.random(rows) < 0.35).astype(int)
    a = np.round(y + noise * rng.normal(size=rows), decimals)
    b = np.round(y + noise * rng.normal(size=rows), decimals)
    return {"codes": y.tolist(), "a": a.tolist(), "b": b.tolist(), "delong": delong(y, a, b)}


def rows_case(rows, shift):
    d = rng.normal(shift, 1, rows)
    t = stats.ttest_1samp(d, 0)
    error = float(d.std(ddof=1) / np.sqrt(rows))
    return {"differences": d.tolist(), "error": error, "p": float(t.pvalue)}


def folds_case(folds, share):
    """Nadeau and Bengio, 2003: the corrected resampled t-test."""
    d = rng.normal(0.01, 0.02, folds)
    error = np.sqrt((1 / folds + share) * d.var(ddof=1))
    return {
        "differences": d.tolist(),
        "share": share,
        "error": float(error),
        "p": float(2 * stats.t.sf(abs(d.mean() / error), folds - 1)),
    }


print(
    json.dumps(
        {
            "student": [
                [t, df, float(2 * stats.t.sf(t, df))]
                for t in (0.0, 0.1, 1.0, 2.0, 2.7764451051977987, 5.0, 12.0, 40.0)
                for df in (1, 2, 4, 9, 30, 500, 100000)
            ],
            "auc": [auc_case(60, 1.0, 6), auc_case(200, 0.8, 1), auc_case(90, 2.0, 0)],
            "rows": [rows_case(30, 0.2), rows_case(400, 0.02), rows_case(2, 0.5)],
            "folds": [folds_case(5, 0.25), folds_case(10, 1 / 9), folds_case(2, 0.2)],
        },
        separators=(",", ":"),
    )
)
