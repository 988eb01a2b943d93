"""Golden predictions of the classic learners, by scikit-learn.

    python tests/golden/learners.py > tests/golden/learners.json

Made with scikit-learn 1.9.1 and NumPy 2.4.6. Features are rounded to 1/256, which single precision holds exactly, as do few
digits. Each set of data has training rows, rows to predict, and cases: scikit-learn's predictions for the latter with the
tolerance that they are met with.
"""

import json

import numpy as np
from sklearn.datasets import make_classification, make_regression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

TRAIN = 80


def standard(x):
    return np.round((x - x.mean(axis=0)) / x.std(axis=0) * 256) / 256


def classes(count, seed):
    x, y = make_classification(
        110,
        6,
        n_informative=4,
        n_redundant=0,
        n_classes=count,
        n_clusters_per_class=1,
        class_sep=0.7,
        random_state=seed,
    )
    x[:, 3] = x[:, 3] > 0.4
    return standard(x), y


def numbers(features, seed):
    x, y = make_regression(110, features, n_informative=min(features, 8), noise=20.0, random_state=seed)
    return standard(x) + 0.25, y + 40.0


def data(x, y, cases, count=None):
    return {"classes": count, "x": x.tolist(), "y": y.tolist(), "cases": list(cases)}


def case(learner, params, predicted, tolerance):
    predicted = np.asarray(predicted, float).ravel().tolist()
    return {"learner": learner, "params": params, "predicted": predicted, "tolerance": tolerance}


def neighbours(p, y, k, count):
    """The shares of the classes count as one neighbour more."""
    return (p * k + np.bincount(y, minlength=count) / len(y)) / (k + 1)


def classification(a, t, b, count):
    for c in [0.01, 1.0, 50.0]:
        model = LogisticRegression(C=c, tol=1e-12, max_iter=100_000).fit(a, t)
        yield case("logistic", {"c": c}, model.predict_proba(b), 1e-5)
    for smoothing in [1e-9, 0.1]:
        model = GaussianNB(var_smoothing=smoothing).fit(a, t)
        yield case("naive_bayes", {"var_smoothing": smoothing}, model.predict_proba(b), 1e-6)
    for k, weights in [(1, "uniform"), (7, "uniform"), (12, "distance")]:
        p = KNeighborsClassifier(k, weights=weights).fit(a, t).predict_proba(b)
        yield case("knn", {"k": k, "weights": weights}, neighbours(p, t, k, count), 1e-5)
    for shrinkage in [0.0, 0.3]:
        model = QuadraticDiscriminantAnalysis(reg_param=shrinkage).fit(a, t)
        yield case("discriminant", {"shrinkage": shrinkage, "pooling": 0.0}, model.predict_proba(b), 1e-6)
    model = LinearDiscriminantAnalysis(solver="lsqr").fit(a, t)
    yield case("discriminant", {"shrinkage": 0.0, "pooling": 1.0}, model.predict_proba(b), 1e-6)


def regression(a, t, b):
    for alpha in [0.01, 1.0, 300.0]:
        p = Ridge(alpha=alpha, solver="cholesky").fit(a, t).predict(b)
        yield case("ridge", {"alpha": alpha}, p, 1e-8)
    # In units of the target's standard deviation.
    mean, unit = t.mean(), t.std()
    for alpha, ratio in [(0.01, 0.5), (0.1, 1.0), (0.5, 0.2)]:
        model = ElasticNet(alpha=alpha, l1_ratio=ratio, tol=1e-14, max_iter=1_000_000)
        p = mean + unit * model.fit(a, (t - mean) / unit).predict(b)
        yield case("elastic_net", {"alpha": alpha, "l1_ratio": ratio}, p, 1e-6)
    for k, weights in [(1, "uniform"), (7, "uniform"), (12, "distance")]:
        model = KNeighborsRegressor(k, weights=weights).fit(a, t)
        yield case("knn", {"k": k, "weights": weights}, model.predict(b), 1e-5)


sets = []
for count, seed in [(2, 1), (3, 2), (4, 5)]:
    x, y = classes(count, seed)
    y = y[:TRAIN]
    sets.append(data(x, y, classification(x[:TRAIN], y, x[TRAIN:], count), count))
# More features than rows in the last.
for features, seed in [(5, 3), (20, 4), (100, 6)]:
    x, y = numbers(features, seed)
    y = y[:TRAIN]
    sets.append(data(x, y, regression(x[:TRAIN], y, x[TRAIN:])))
print("[\n" + ",\n".join(map(json.dumps, sets)) + "\n]")
