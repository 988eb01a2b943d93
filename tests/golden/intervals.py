"""Golden values for scaled conformal intervals, by NumPy.

    python tests/golden/intervals.py > tests/golden/intervals.json

Made with NumPy 2.4.6. Every interval is found as CV+ is written: one lower and one upper end for each training row,
sorted, and the one of the rank.
"""

import json

import numpy as np

rng = np.random.default_rng(11)
MISSED = 0.1


def scale(predicted, errors, most=10, rows=40, prior=20):
    """Points (prediction, mean absolute error drawn to the mean of all) over runs of rows in order."""
    order = np.argsort(predicted, kind="stable")
    n, points = len(order), min(most, len(order) // rows)
    runs = [order[i * n // points : (i + 1) * n // points] for i in range(points)]
    at = [predicted[r].mean() for r in runs]
    spread = [(errors[r].sum() + prior * errors.mean()) / (len(r) + prior) for r in runs]
    return np.array(at), np.array(spread)


def rank(n, level):
    return int(np.ceil((n + 1) * level - 1e-9))


def interval_score(low, high, y):
    """Gneiting and Raftery, 2007, equation 43."""
    return high - low + 2 / MISSED * np.maximum(low - y, 0) + 2 / MISSED * np.maximum(y - high, 0)


def mean_scores(y, p):
    """Mean interval scores of one width and of the scale, each fifth of the rows by the others."""
    errors, alike, scaled = np.abs(y - p), np.zeros(len(y)), np.zeros(len(y))
    for part in range(5):
        here = np.arange(len(y)) % 5 == part
        at, spread = scale(p[~here], errors[~here])
        unit = lambda x: np.interp(x, at, spread)
        place = rank((~here).sum(), 1 - MISSED) - 1
        half = np.sort(errors[~here])[place]
        times = np.sort(errors[~here] / unit(p[~here]))[place]
        alike[here] = interval_score(p[here] - half, p[here] + half, y[here])
        reach = times * unit(p[here])
        scaled[here] = interval_score(p[here] - reach, p[here] + reach, y[here])
    gains = alike - scaled
    error = gains.std(ddof=1) / np.sqrt(len(y))
    chosen = gains.mean() > 2 * error and gains.mean() > 0.005 * alike.mean()
    return alike.mean(), scaled.mean(), bool(chosen)


def case(rows, folds, spread_of):
    p = np.round(np.exp(rng.normal(size=rows)), 4)
    y = np.round(p + spread_of(p) * rng.normal(size=rows), 4)
    fold = np.arange(rows) % folds
    at, spread = scale(p, np.abs(y - p))
    unit = lambda x: np.interp(x, at, spread)
    intervals = []
    for level in [0.8, 0.9, 0.95]:
        for _ in range(4):
            centres = np.round(np.exp(1.3 * rng.normal()) + 0.05 * rng.normal(size=folds), 4)
            centre = centres[fold]
            reach = np.abs(y - p) / unit(p) * unit(centre)
            place = rank(rows, level) - 1
            low, high = np.sort(reach - centre)[place], np.sort(centre + reach)[place]
            intervals.append({"level": level, "centres": list(centres), "low": -low, "high": high})
    alike, scaled, chosen = mean_scores(y, p)
    return {
        "predicted": list(p),
        "actual": list(y),
        "folds": folds,
        "at": list(at),
        "spread": list(spread),
        "alike": alike,
        "scaled": scaled,
        "chosen": chosen,
        "intervals": intervals,
    }


cases = {
    "grows": case(430, 5, lambda p: 0.3 * p),
    "grows, few rows": case(210, 3, lambda p: 0.3 * p),
    "one width": case(600, 5, lambda p: 0.5 + 0 * p),
    "peak": case(900, 1, lambda p: 0.1 + 2.0 * np.exp(-((p - 1.5) ** 2))),
}
print(json.dumps(cases, separators=(",", ":")))
