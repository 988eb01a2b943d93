"""Golden values for the preprocessing nodes, by scikit-learn and NumPy.

    python tests/golden/nodes.py > tests/golden/nodes.json

Made with scikit-learn 1.9.1 and NumPy 2.4.6.
"""

import json

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, SplineTransformer, StandardScaler, TargetEncoder

rng = np.random.default_rng(11)
ROWS, NEW = 60, 12
LEVELS = np.array(["north", "süd", "東", "west", "a b", "seldom"])
WEIGHTS = [0.3, 0.25, 0.2, 0.15, 0.08, 0.02]

numbers = np.round(rng.normal(50, 20, ROWS), 3)
numbers[rng.random(ROWS) < 0.2] = np.nan
new_numbers = np.round(rng.normal(50, 30, NEW), 3)
new_numbers[3] = np.nan
distinct = np.round(rng.lognormal(0, 1, ROWS), 6)

levels = rng.choice(LEVELS, ROWS, p=WEIGHTS)
new_levels = np.append(rng.choice(LEVELS, NEW - 1), "unseen")
shift = {level: i for i, level in enumerate(LEVELS)}
regression = np.round(np.array([shift[level] for level in levels]) * 2 + rng.normal(0, 3, ROWS), 3)
classes = rng.integers(0, 3, ROWS)
classes[levels == "north"] = 1
binary = (classes == 1).astype(int)

WORDS = np.array("good bad parcel late größe arrived 42 x-ray".split())
texts = [" ".join(rng.choice(WORDS, rng.integers(1, 9))) for _ in range(ROWS)]


def listed(x):
    return [None if v != v else float(v) for v in np.ravel(x)]


def encoded(y, kind, smooth):
    encoder = TargetEncoder(target_type=kind, smooth=smooth).fit(levels[:, None], y)
    return encoder.transform(new_levels[:, None]).T.tolist()


column, new_column = numbers[:, None], new_numbers[:, None]
scaler = make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit(column)
splines = SplineTransformer(n_knots=6, knots="quantile", extrapolation="constant")
splines.fit(scaler.transform(column[np.isfinite(column)][:, None]))
one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(levels[:, None])
ranks = QuantileTransformer(n_quantiles=ROWS, output_distribution="normal").fit(distinct[:, None])
rank_probe = np.array([0.01, 0.3, 0.75, 1.2, 5.0, 100.0])
rank_scaler = StandardScaler().fit(ranks.transform(distinct[:, None]))
tfidf = TfidfVectorizer(sublinear_tf=True, norm=None, ngram_range=(1, 2), token_pattern=r"[^\W_]+").fit(texts)
terms = ["good", "größe", "ray", "bad parcel", "x ray"]
weights = tfidf.transform(texts).toarray()
runs = TfidfVectorizer(sublinear_tf=True, analyzer="char_wb", ngram_range=(3, 5), min_df=3)
words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=r"[^\W_]+", min_df=2)


def scores(vectorizer):
    x, offset, scale = vectorizer.fit_transform(texts), regression.mean(), regression.std()
    ridge = Ridge(alpha=1.0, fit_intercept=False, solver="cholesky").fit(x, (regression - offset) / scale)
    return (offset + scale * ridge.predict(x)).tolist()


probe = "Der Größe nach:  a x-ray, NICHT\tmehr!"
present = np.isfinite(numbers)

print(
    json.dumps(
        {
            "numbers": listed(numbers),
            "new_numbers": listed(new_numbers),
            "scaled": listed(scaler.transform(new_column)),
            "missing": listed(MissingIndicator().fit(column).transform(new_column).astype(float)),
            "splines": splines.transform(scaler.transform(new_column)).T.tolist(),
            "quantiles": {str(q): float(np.quantile(numbers[present], q)) for q in [0.0, 0.005, 0.31, 0.5, 0.995, 1.0]},
            "distinct": listed(distinct),
            "rank_probe": listed(rank_probe),
            "ranked": listed(rank_scaler.transform(ranks.transform(rank_probe[:, None]))),
            "levels": levels.tolist(),
            "new_levels": new_levels.tolist(),
            "one_hot_names": one_hot.categories_[0].tolist(),
            "one_hot": one_hot.transform(new_levels[:, None]).T.tolist(),
            "regression": regression.tolist(),
            "binary": binary.tolist(),
            "classes": classes.tolist(),
            "target_encoded": {
                "regression_10": encoded(regression, "continuous", 10.0),
                "regression_auto": encoded(regression, "continuous", "auto"),
                "binary_10": encoded(binary, "binary", 10.0),
                "binary_auto": encoded(binary, "binary", "auto"),
                "classes_10": encoded(classes, "multiclass", 10.0),
                "classes_auto": encoded(classes, "multiclass", "auto"),
            },
            "texts": texts,
            "runs_of": probe,
            "runs": runs.build_analyzer()(probe),
            "scores": {"words": scores(words), "letters": scores(runs)},
            "weights": {term: weights[:, tfidf.vocabulary_[term]].tolist() for term in terms},
        },
        indent=1,
        ensure_ascii=False,
    )
)
