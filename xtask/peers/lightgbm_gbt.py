"""LightGBM on the numbers of `cargo xtask bench gbt`, at the settings of the example `bench_gbt`: one JSON object.

    python xtask/peers/lightgbm_gbt.py PREFIX COLUMNS TREES THREADS REPEATS
"""

import json
import sys
import time

import lightgbm
import numpy as np


def memory(name):
    """Mebibytes by their name in the kernel's list, where there is one."""
    try:
        with open("/proc/self/status") as lines:
            return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))
    except (OSError, StopIteration):
        return None


def forget_peak():
    """From now on the peak is that of what comes."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def auc(scores, labels):
    """Area under the ROC curve by ranks, ties sharing theirs."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    positive = labels == 1
    ones, zeros = positive.sum(), (~positive).sum()
    return (ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros)


def main():
    prefix = sys.argv[1]
    columns, trees, threads, repeats = map(int, sys.argv[2:6])

    def part(name):
        x = np.fromfile(f"{prefix}.X{name}.f32", dtype="<f4").reshape(-1, columns)
        return x, np.fromfile(f"{prefix}.y{name}.u8", dtype=np.uint8)

    (x, y), (xt, yt) = part(""), part("t")
    settings = {
        "objective": "binary",
        "num_leaves": 31,
        "learning_rate": 0.1,
        "max_bin": 255,
        "min_data_in_leaf": 20,
        "lambda_l2": 0.0,
        "num_threads": threads,
        "verbose": -1,
    }
    forget_peak()
    held, fit_secs, fit_cpu_secs, predict_secs = memory("VmRSS:"), [], [], []
    for _ in range(repeats):
        start, cpu_start = time.perf_counter(), time.process_time()
        model = lightgbm.train(settings, lightgbm.Dataset(x, y), trees)
        fit_secs.append(time.perf_counter() - start)
        fit_cpu_secs.append(time.process_time() - cpu_start)
    peak = memory("VmHWM:")
    for _ in range(repeats):
        start = time.perf_counter()
        predicted = model.predict(xt, num_threads=threads)
        predict_secs.append(time.perf_counter() - start)
    line = {
        "learner": "lightgbm " + lightgbm.__version__,
        "rows": len(y),
        "columns": columns,
        "trees": trees,
        "threads": threads,
        "fit_secs": min(fit_secs),
        "fit_cpu_secs": min(fit_cpu_secs),
        "auc": auc(predicted, yt),
        "predicted_rows_per_sec": len(yt) / min(predict_secs),
        "held_mib": held,
        "peak_mib": peak,
    }
    print(json.dumps(line))


main()
