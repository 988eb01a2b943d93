"""Golden predictions of the classic learners, by scikit-learn.

    python tests/golden/learners.py > tests/golden/learners.json

Made with scikit-learn 1.9.1 and NumPy 2.4.6. Features are rounded to 1/256, which single precision holds exactly, as do few
digits. Each set of data has training rows, rows to predict, and cases: scikit-learn's predictions for the latter with the
tolerance that they are met with.
"""

import json

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.datasets import make_classification, make_regression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import KernelCenterer
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

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


def trees(kind, a, t):
    """Trees whose splits are each better than any other: any random state grows the same."""
    found = []
    for depth, rows in [(1, 1), (2, 2), (2, 5), (3, 4), (3, 8), (3, 12), (4, 10)]:
        grown = [kind(max_depth=depth, min_samples_leaf=rows, random_state=state).fit(a, t) for state in range(20)]
        if len({(tuple(g.tree_.feature), tuple(g.tree_.threshold)) for g in grown}) == 1:
            found.append(({"max_depth": depth, "min_rows_leaf": rows}, grown[0]))
    assert len(found) > 2
    return found


def leaves(model, b, t, count):
    """The shares of the classes count as one row more in every leaf."""
    rows = model.tree_.n_node_samples[model.apply(b)][:, None]
    return (model.predict_proba(b) * rows + np.bincount(t, minlength=count) / len(t)) / (rows + 1)


def gamma(a, width):
    return 1 / (width * a.var(axis=0).sum())


def kernels(a, b, width):
    return [rbf_kernel(x, a, gamma=gamma(a, width)) for x in (a, b)]


def curve(a, t, b, alpha, width):
    """Kernel ridge regression whose intercept is free: on centred kernels, of the centred target."""
    centerer = KernelCenterer()
    inside, outside = kernels(a, b, width)
    model = KernelRidge(alpha=alpha, kernel="precomputed").fit(centerer.fit_transform(inside), t - t.mean())
    return t.mean() + model.predict(centerer.transform(outside))


def borders(a, t, b, alpha, width):
    """Kernel logistic regression: on features whose products are the kernel."""
    inside, outside = kernels(a, b, width)
    factor = np.linalg.cholesky(inside)
    model = LogisticRegression(C=1 / alpha, tol=1e-12, max_iter=100_000).fit(factor, t)
    return model.predict_proba(solve_triangular(factor, outside.T, lower=True).T)


def one_against_the_rest(a, labels, b, c, width):
    """A support vector machine, and Platt's sigmoid on distances of rows that it did not see, in three parts."""
    def distances(x, y, of):
        return SVC(C=c, gamma=gamma(a, width), tol=1e-6).fit(x, y).decision_function(of)

    place = np.zeros(len(labels), int)
    for label in [False, True]:
        place[labels == label] = np.arange(1, (labels == label).sum() + 1) % 3
    unseen = np.zeros(len(labels))
    for part in range(3):
        inside = place != part
        unseen[~inside] = distances(a[inside], labels[inside], a[~inside])
    more, fewer = labels.sum(), (~labels).sum()
    wanted = np.where(labels, (more + 1) / (more + 2), 1 / (fewer + 2))

    def loss(s):
        z = s[0] * unseen + s[1]
        return np.sum(np.logaddexp(0, z) - wanted * z)

    slope, shift = minimize(loss, [1.0, 0.0], tol=1e-12).x
    return expit(slope * distances(a, labels, b) + shift)


def machines(a, t, b, count, c, width):
    if count == 2:
        p = one_against_the_rest(a, t == 1, b, c, width)
        return np.stack([1 - p, p], axis=1)
    p = np.stack([one_against_the_rest(a, t == k, b, c, width) for k in range(count)], axis=1)
    return p / p.sum(axis=1, keepdims=True)


def classification(a, t, b, count):
    for c, width in [(1.0, 1.0), (10.0, 3.0)]:
        yield case("svm", {"c": c, "width": width}, machines(a, t, b, count, c, width), 5e-3)
    for alpha, width in [(1.0, 1.0), (0.03, 0.5)]:
        yield case("kernel", {"alpha": alpha, "width": width}, borders(a, t, b, alpha, width), 1e-4)
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
    for alpha, width in [(1.0, 1.0), (0.03, 0.5)]:
        yield case("kernel", {"alpha": alpha, "width": width}, curve(a, t, b, alpha, width), 1e-5)
    # In units of the target's standard deviation.
    mean, unit = t.mean(), t.std()
    for alpha, ratio in [(0.01, 0.5), (0.1, 1.0), (0.5, 0.2)]:
        model = ElasticNet(alpha=alpha, l1_ratio=ratio, tol=1e-14, max_iter=1_000_000)
        p = mean + unit * model.fit(a, (t - mean) / unit).predict(b)
        yield case("elastic_net", {"alpha": alpha, "l1_ratio": ratio}, p, 1e-6)
    for c, width in [(1.0, 1.0), (10.0, 3.0)]:
        model = SVR(C=c, epsilon=0.1, gamma=gamma(a, width), tol=1e-6).fit(a, (t - mean) / unit)
        # Both solvers stop within some thousandths of the target's standard deviation.
        yield case("svm", {"c": c, "width": width}, mean + unit * model.predict(b), 2e-3 * unit)
    for k, weights in [(1, "uniform"), (7, "uniform"), (12, "distance")]:
        model = KNeighborsRegressor(k, weights=weights).fit(a, t)
        yield case("knn", {"k": k, "weights": weights}, model.predict(b), 1e-5)


def tree_classification(a, t, count):
    for given, model in trees(DecisionTreeClassifier, a, t):
        yield case("decision_tree", given, leaves(model, a, t, count), 1e-6)


def tree_regression(a, t):
    for given, model in trees(DecisionTreeRegressor, a, t):
        yield case("decision_tree", given, model.predict(a), 1e-6)


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
# A split may lie anywhere between two training rows, so trees predict these and no others.
x, y = classes(3, 2)
x, y = x[:TRAIN], y[:TRAIN]
sets.append(data(np.vstack([x, x]), y, tree_classification(x, y, 3), 3))
x, y = classes(2, 1)
x, y = x[:TRAIN], y[:TRAIN]
sets.append(data(np.vstack([x, x]), y, tree_classification(x, y, 2), 2))
x, y = numbers(5, 3)
x, y = x[:TRAIN], y[:TRAIN]
sets.append(data(np.vstack([x, x]), y, tree_regression(x, y)))
print("[\n" + ",\n".join(map(json.dumps, sets)) + "\n]")
