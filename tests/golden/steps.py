"""Golden values for the fitted steps, by scikit-learn, NumPy and pandas.

    python tests/golden/steps.py > tests/golden/steps.json

Made with scikit-learn 1.9.1, NumPy 2.4.6 and SciPy 1.17.1. A case is fitted on `table` and expects what `new` becomes.
"""

import json

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import VarianceThreshold, chi2, f_classif, f_regression
from sklearn.impute import SimpleImputer
from sklearn.metrics import mutual_info_score, silhouette_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

rng = np.random.default_rng(23)
ROWS, NEW = 200, 12
TOWNS = np.array(["Aachen", "Ulm", "Köln", "東京", "a b"])
WORDS = np.array("good bad parcel late größe arrived 42 x-ray never again cheap".split())


def made(n):
    k = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    a = np.round(rng.normal(10, 3, n) + 2 * k, 3)
    b = np.round(rng.lognormal(1, 0.8, n), 3)
    c = rng.poisson(2.0 + 2 * k).astype(float)
    d = np.round(0.8 * a + rng.normal(0, 1, n), 3)
    e = np.round(-rng.exponential(3, n) + rng.normal(1, 1, n), 3)
    town = rng.choice(TOWNS, n, p=[0.35, 0.3, 0.2, 0.1, 0.05]).astype(object)
    y = np.round(3 * k + 0.5 * b + rng.normal(0, 1, n), 3)
    note = np.array([" ".join(rng.choice(WORDS, rng.integers(1, 9))) for _ in range(n)], dtype=object)
    a[rng.random(n) < 0.1] = np.nan
    b[rng.random(n) < 0.05] = np.nan
    kind = rng.choice(TOWNS, n, p=[0.4, 0.27, 0.18, 0.1, 0.05]).astype(object)
    town[rng.random(n) < 0.1] = None
    return pd.DataFrame(
        {
            "a": a, "b": b, "c": c, "d": d, "e": e, "town": town, "kind": kind, "note": note, "y": y,
            "k": np.array(["low", "mid", "top"], dtype=object)[k],
            "z": np.array(["no", "yes"], dtype=object)[(k > 0).astype(int)],
        }
    )


table, new = made(ROWS), made(NEW)
new.loc[3, "kind"] = "unseen"
new.loc[4, "town"] = "unseen"
new.loc[5, "a"], new.loc[6, "a"] = 100.0, -100.0
NUMBERS = ["a", "b", "c", "d", "e"]
cases = []


def cells(values):
    return [None if v is None or v != v else v if isinstance(v, str) else float(f"{v:.9g}") for v in values]


def case(step, params, expect):
    expect = {name: cells(list(values)) for name, values in expect.items()}
    cases.append({"step": step, "params": params, "expect": expect})


def texts(frame, name):
    return np.array([[v if isinstance(v, str) else None] for v in frame[name]], dtype=object)


def by_column(transformer, columns=NUMBERS):
    out = transformer.fit(table[columns].to_numpy()).transform(new[columns].to_numpy())
    return dict(zip(columns, out.T))


for how in ["mean", "median", "most_frequent", "constant"]:
    fill = {"fill_value": -1.5} if how == "constant" else {}
    params = {"numbers": how, "columns": NUMBERS, "number": -1.5}
    case("prepare.impute", params, by_column(SimpleImputer(strategy=how, **fill)))
towns = SimpleImputer(strategy="most_frequent", missing_values=None).fit(texts(table, "town")).transform(texts(new, "town"))
case("prepare.impute", {}, {"town": towns[:, 0]})

x = table[NUMBERS].to_numpy()
fences = {
    "quantile": (np.nanquantile(x, 0.05, axis=0), np.nanquantile(x, 0.95, axis=0)),
    "zscore": (np.nanmean(x, 0) - 1.5 * np.nanstd(x, 0), np.nanmean(x, 0) + 1.5 * np.nanstd(x, 0)),
}
q1, q3 = np.nanquantile(x, [0.25, 0.75], axis=0)
fences["iqr"] = (q1 - 0.5 * (q3 - q1), q3 + 0.5 * (q3 - q1))
for rule, (low, high) in fences.items():
    values = new[NUMBERS].to_numpy()
    params = {"rule": rule, "share": 0.05, "deviations": 1.5, "reach": 0.5, "columns": NUMBERS}
    case("prepare.outliers", params, dict(zip(NUMBERS, np.clip(values, low, high).T)))
    missing = np.where((values < low) | (values > high), np.nan, values)
    case("prepare.outliers", {**params, "then": "missing"}, dict(zip(NUMBERS, missing.T)))

scalers = {
    "standard": StandardScaler(),
    "minmax": MinMaxScaler(),
    "robust": RobustScaler(),
    "power": PowerTransformer(),
    "uniform": QuantileTransformer(n_quantiles=50),
    "normal": QuantileTransformer(n_quantiles=50, output_distribution="normal"),
}
for method, scaler in scalers.items():
    case("prepare.scale", {"method": method, "knots": 50, "columns": NUMBERS}, by_column(scaler))

one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(texts(table, "town"))
names = ["town is missing" if c is None else f"town: {c}" for c in one_hot.categories_[0]]
case("prepare.encode", {"columns": ["town"]}, dict(zip(names, one_hot.transform(texts(new, "town")).T)))
few = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=4, sparse_output=False)
out = few.fit(table[["kind"]]).transform(new[["kind"]]).T
names = [n.replace("kind_", "kind: ").replace("infrequent_sklearn", "other") for n in few.get_feature_names_out()]
case("prepare.encode", {"columns": ["kind"], "levels": 3}, dict(zip(names, out)))
ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
out = ordinal.fit(table[["kind"]]).transform(new[["kind"]])
case("prepare.encode", {"columns": ["kind"], "method": "ordinal"}, {"kind": out[:, 0]})
order = table["kind"].value_counts().index
out = new["kind"].map({level: i for i, level in enumerate(order)})
case("prepare.encode", {"columns": ["kind"], "method": "ordinal", "order": "frequency"}, {"kind": out})
out = new["kind"].map(table["kind"].value_counts(normalize=True)).fillna(0.0)
case("prepare.encode", {"columns": ["kind"], "method": "frequency"}, {"kind": out})
for target, kind in [("y", "continuous"), ("z", "binary"), ("k", "multiclass")]:
    for smooth in [10.0, "auto"]:
        encoder = TargetEncoder(smooth=smooth, target_type=kind)
        out = encoder.fit(table[["kind"]], table[target]).transform(new[["kind"]]).T
        names = [f"kind: share of {c}" for c in encoder.classes_] if kind == "multiclass" else ["kind"]
        params = {"columns": ["kind"], "method": "target", "target": target}
        params |= {"smooth": "auto"} if smooth == "auto" else {"smooth": "rows", "rows": smooth}
        case("prepare.encode", params, dict(zip(names, out)))

WHOLE = ["c", "d", "e"]
for method, bins in [("width", KBinsDiscretizer(6, encode="ordinal", strategy="uniform")),
                     ("count", KBinsDiscretizer(6, encode="ordinal", strategy="quantile", quantile_method="linear"))]:
    params = {"method": method, "bins": 6, "output": "number", "columns": WHOLE}
    case("prepare.bin", params, by_column(bins, WHOLE))
out = pd.cut(new["a"], [-np.inf, 5, 9.5, 12, np.inf], right=False, labels=["below 5", "5 to 9.5", "9.5 to 12", "12 and more"])
case("prepare.bin", {"method": "edges", "edges": "12 5; 9.5", "columns": ["a"]}, {"a": out.astype(object)})

for params, options in [
    ({}, {}),
    ({"unit": "pairs", "log": True}, {"ngram_range": (1, 2), "sublinear_tf": True}),
]:
    vectorizer = TfidfVectorizer(token_pattern=r"[^\W_]+", min_df=2, **options).fit(table["note"])
    out = vectorizer.transform(new["note"]).toarray().T
    terms = vectorizer.get_feature_names_out()
    expect = {f'note: "{t}"': out[i] for i, t in enumerate(terms) if i % (1 + len(terms) // 12) == 0}
    case("prepare.text", {"columns": ["note"], "size": 5000, **params}, expect)
counts = TfidfVectorizer(token_pattern=r"[^\W_]+", max_features=4).fit(table["note"])
out = counts.transform(new["note"]).toarray().T
case("prepare.text", {"columns": ["note"], "size": 4},
     {f'note: "{t}"': out[i] for i, t in enumerate(counts.get_feature_names_out())})

def reduced(pipeline, prefix):
    out = pipeline.fit(table[NUMBERS].to_numpy()).transform(new[NUMBERS].to_numpy()).T
    return {f"{prefix}{i + 1}": values for i, values in enumerate(out)}


# Without missing numbers: the step scales by the numbers that are there, a pipeline by those that it has filled in.
full = ["c", "d", "e"]
numbers = {"columns": full, "method": "pca"}


def of_full(pipeline, prefix):
    out = pipeline.fit(table[full].to_numpy()).transform(new[full].to_numpy()).T
    return {f"{prefix}{i + 1}": values for i, values in enumerate(out)}


case("prepare.reduce", {**numbers, "components": 3}, of_full(make_pipeline(StandardScaler(), PCA(3)), "pc"))
case("prepare.reduce", {**numbers, "components": 2, "scale": False}, of_full(PCA(2), "pc"))
case("prepare.reduce", {**numbers, "by": "share", "share": 0.8}, of_full(make_pipeline(StandardScaler(), PCA(0.8)), "pc"))
svd = TruncatedSVD(2, algorithm="arpack", random_state=0)
case("prepare.reduce", {**numbers, "method": "svd", "components": 2, "scale": False}, of_full(svd, "svd"))
svd = make_pipeline(StandardScaler(), TruncatedSVD(2, algorithm="arpack", random_state=0))
case("prepare.reduce", {**numbers, "method": "svd", "components": 2}, of_full(svd, "svd"))
case("prepare.reduce", {"columns": NUMBERS, "components": 3, "scale": False}, reduced(make_pipeline(SimpleImputer(), PCA(3)), "pc"))

kept = VarianceThreshold(5.0).fit(table[NUMBERS].to_numpy()).get_support()
correlations = table[NUMBERS].corr()
select = {
    "variance": {"least": 5.0, "kept": [n for n, k in zip(NUMBERS, kept) if k]},
    "pearson": {pair: correlations.loc[pair[0], pair[2]] for pair in ["a b", "a d", "c e"]},
}


def bins(values):
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, 11)))[1:-1]
    return np.searchsorted(edges, values, side="right")


def scores(score, target):
    out = {}
    for name in NUMBERS:
        rows = table[name].notna()
        out[name] = float(score(table.loc[rows, [name]].to_numpy(), table.loc[rows, target].to_numpy()))
    return out


select["anova_classes"] = scores(lambda x, y: f_classif(x, y)[0][0], "k")
select["anova_numbers"] = scores(lambda x, y: f_regression(x, y)[0][0], "y")
select["chi2"] = {n: s for n, s in scores(lambda x, y: chi2(np.abs(x), y)[0][0], "k").items() if n in "bc"}
select["information_classes"] = scores(lambda x, y: mutual_info_score(bins(x[:, 0]), y), "k")
select["information_town"] = mutual_info_score(*table.loc[table["town"].notna(), ["town", "k"]].to_numpy().T)

points = StandardScaler().fit_transform(table[full])
cluster = {"inertia": {}, "silhouette": {}}
for k in range(2, 7):
    means = KMeans(k, n_init=30, random_state=0).fit(points)
    cluster["inertia"][k] = means.inertia_
labels = (table["c"] > 3).astype(int) + (table["d"] > 9).astype(int)
cluster["labels"] = labels.tolist()
cluster["silhouette"] = silhouette_score(points, labels)

listed = lambda frame: {name: cells(frame[name].tolist()) for name in frame.columns}
print(json.dumps({
    "table": listed(table), "new": listed(new), "cases": cases, "select": select, "cluster": cluster,
}, ensure_ascii=False))
