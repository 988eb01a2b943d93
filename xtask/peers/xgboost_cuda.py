"""XGBoost on the numbers of `cargo xtask bench gpu`, on a card with CUDA where there is one: one JSON object.

    python xtask/peers/xgboost_cuda.py PREFIX COLUMNS TREES THREADS REPEATS

The settings are those of `lightgbm_gbt.py`, as near as XGBoost has them: leaves are split best first up to 31, and a leaf
holds hessians of 1 at least, for it cannot count rows. What a fit takes is from numbers to a model, binning among it; one
that is not counted goes first, so that the card is awake.
"""

import json
import sys
import time
import warnings

import numpy as np
import xgboost


def auc(scores, labels):
    """Area under the ROC curve by ranks, ties sharing theirs."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    positive = labels == 1
    ones, zeros = positive.sum(), (~positive).sum()
    return (ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros)


def fit(x, y, settings, trees):
    """Seconds, and the model."""
    start = time.perf_counter()
    data = xgboost.QuantileDMatrix(x, y, max_bin=settings["max_bin"], nthread=settings["nthread"])
    model = xgboost.train(settings, data, trees)
    return time.perf_counter() - start, model


def device_of(model):
    """What a model was trained on, as it says itself."""
    return json.loads(model.save_config())["learner"]["generic_param"]["device"]


def main():
    prefix = sys.argv[1]
    columns, trees, threads, repeats = map(int, sys.argv[2:6])

    def part(name):
        x = np.fromfile(f"{prefix}.X{name}.f32", dtype="<f4").reshape(-1, columns)
        return x, np.fromfile(f"{prefix}.y{name}.u8", dtype=np.uint8)

    (x, y), (xt, yt) = part(""), part("t")
    settings = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "grow_policy": "lossguide",
        "max_leaves": 31,
        "max_depth": 0,
        "eta": 0.1,
        "max_bin": 255,
        "min_child_weight": 1.0,
        "lambda": 0.0,
        "nthread": threads,
        "verbosity": 0,
        "device": "cuda",
    }
    try:
        with warnings.catch_warnings():
            # Without a card it warns and goes on without one, or refuses; the line says which it was.
            warnings.simplefilter("ignore")
            device = device_of(fit(x[:1000], y[:1000], settings, 2)[1])
    except xgboost.core.XGBoostError:
        device = "cpu"
    settings["device"] = "cuda" if device.startswith("cuda") else "cpu"
    fit(x, y, settings, 2)
    timed = [fit(x, y, settings, trees) for _ in range(repeats)]
    model = timed[-1][1]
    line = {
        "learner": "xgboost " + xgboost.__version__,
        "adapter": device_of(model),
        "rows": len(y),
        "columns": columns,
        "trees": trees,
        "threads": threads,
        "fit_secs": min(secs for secs, _ in timed),
        "auc": auc(model.predict(xgboost.DMatrix(xt)), yt),
    }
    print(json.dumps(line))


main()
