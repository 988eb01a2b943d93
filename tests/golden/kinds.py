"""Golden values for joins, groups, pivots, statistics and correlations, by pandas and NumPy.

    python tests/golden/kinds.py > tests/golden/kinds.json

Made with pandas 3.1.1 and NumPy 2.4.6. Tables that go in are CSV; those that come out are columns, `null` for missing.
"""

import json

import numpy as np
import pandas as pd

rng = np.random.default_rng(5)
ROWS, RIGHT = 240, 60


def holes(values, share):
    values = pd.Series(values, dtype=object)
    values[rng.random(len(values)) < share] = None
    return values


def columns(frame):
    def value(v):
        if v is None or v is pd.NA or v is pd.NaT or isinstance(v, float) and v != v:
            return None
        if isinstance(v, pd.Timestamp):
            return v.strftime("%Y-%m-%d")
        return v.item() if isinstance(v, np.generic) else v

    return [{"name": str(name), "values": [value(v) for v in frame[name]]} for name in frame.columns]


days = pd.date_range("2024-01-01", periods=40).strftime("%Y-%m-%d")
left = pd.DataFrame(
    {
        "shop": holes(rng.choice(["north", "süd", "east", "west", "mid"], ROWS), 0.05),
        "code": holes(rng.integers(1, 25, ROWS), 0.08),
        "day": holes(rng.choice(days, ROWS), 0.1),
        "sold": holes(np.round(rng.gamma(2, 10, ROWS), 2), 0.1),
        "price": holes(np.round(rng.normal(5, 2, ROWS), 3), 0.1),
        "weather": holes(rng.choice(["sun", "rain", "snow"], ROWS, p=[0.5, 0.4, 0.1]), 0.2),
    }
)
right = pd.DataFrame(
    {
        "shop": holes(rng.choice(["north", "süd", "east", "far"], RIGHT), 0.05),
        "number": holes(rng.integers(10, 40, RIGHT), 0.08),
        "price": np.round(rng.normal(50, 2, RIGHT), 1),
        "label": [f"label {i % 37}" for i in range(RIGHT)],
    }
)


def joined():
    # A missing key finds no partner: each gets a value of its own.
    def keyed(frame, code, side):
        keys = pd.DataFrame({"_s": frame["shop"], "_c": frame[code]}).astype(object)
        for name in keys:
            gone = keys[name].isna()
            keys.loc[gone, name] = [f"{side} {i}" for i in np.flatnonzero(gone)]
        return keys.assign(_c=keys["_c"].astype(str)).assign(**{f"_{side}": np.arange(len(frame))})

    a, b = keyed(left, "code", "l"), keyed(right, "number", "r")

    def table(pairs, keys_from_right=False):
        l = left.astype(object).reindex(pairs["_l"]).reset_index(drop=True)
        r = right.astype(object).reindex(pairs["_r"]).reset_index(drop=True)
        if keys_from_right:
            alone = pairs["_l"].isna().to_numpy()
            l.loc[alone, "shop"], l.loc[alone, "code"] = r.loc[alone, "shop"], r.loc[alone, "number"]
        l["price_right"], l["label"] = r["price"], r["label"]
        return columns(l)

    merge = lambda how: a.merge(b, on=["_s", "_c"], how=how)
    whole = merge("left")
    alone = b[~b["_r"].isin(whole["_r"])]
    return {
        "inner": table(merge("inner")),
        "left": table(whole),
        "right": table(merge("right"), True),
        "full": table(pd.concat([whole, alone]), True),
        "anti": columns(left[whole.drop_duplicates("_l")["_r"].isna().to_numpy()]),
    }


def typed(frame):
    return frame.assign(
        day=pd.to_datetime(frame["day"]),
        sold=frame["sold"].astype(float),
        price=frame["price"].astype(float),
        code=frame["code"].astype(float),
    )


def most_frequent(values):
    values = values.dropna()
    if values.empty:
        return None
    counts = values.map(values.value_counts())
    return values[counts == counts.max()].iloc[0]


def grouped():
    groups = typed(left).groupby(["shop", "weather"], dropna=False, sort=False)
    out = {
        "rows": groups.size(),
        "sold_count": groups["sold"].count(),
        "day_distinct": groups["day"].nunique(),
        "sold_sum": groups["sold"].sum(min_count=1),
        "sold_mean": groups["sold"].mean(),
        "sold_median": groups["sold"].median(),
        "day_min": groups["day"].min(),
        "price_max": groups["price"].max(),
        "price_sd": groups["price"].std(),
        "day_first": groups["day"].first(),
        "code_last": groups["code"].last(),
        "code_most_frequent": groups["code"].agg(most_frequent),
        "sold_share_missing": groups["sold"].agg(lambda v: v.isna().mean()),
    }
    return columns(pd.DataFrame(out).reset_index())


def pivoted():
    frame = typed(left)
    frame["weather"] = frame["weather"].fillna("missing")
    order = list(dict.fromkeys(frame["weather"]))
    order = [w for w in order if w != "missing"] + ["missing"]
    table = frame.pivot_table(index="shop", columns="weather", values="sold", aggfunc="mean", dropna=False, sort=False)
    shops = list(dict.fromkeys(frame["shop"].fillna("∅")))
    table.index = table.index.fillna("∅")
    table = table.reindex(index=shops, columns=order).reset_index()
    table["shop"] = table["shop"].replace("∅", None)
    return columns(table)


def statistics():
    frame = typed(left)
    out = []
    for name in frame:
        v = frame[name]
        row = {"column": name, "count": int(v.count()), "missing": int(v.isna().sum()), "distinct": int(v.nunique())}
        if v.dtype.kind == "f":
            row |= {"mean": v.mean(), "sd": v.std(), "min": v.min(), "max": v.max()}
            row |= {f"q{q}": v.quantile(q / 100) for q in (25, 50, 75)}
        row["most_frequent"] = str(left[name][v == most_frequent(v)].iloc[0])
        out.append(row)
    return out


numbers = typed(left)[["code", "sold", "price"]].assign(both=lambda f: f["sold"] * 2 - f["price"])
# Ties for the ranks, and pairs of columns with different rows missing.
numbers["few"] = np.round(numbers["price"])
numbers.loc[rng.random(ROWS) < 0.2, "both"] = np.nan
numbers["both"] = numbers["both"].round(3)

print(
    json.dumps(
        {
            "left": left.to_csv(index=False),
            "right": right.to_csv(index=False),
            "joins": joined(),
            "groups": grouped(),
            "pivot": pivoted(),
            "statistics": statistics(),
            "numbers": numbers.to_csv(index=False),
            "correlations": {
                method: numbers.corr(method=method, min_periods=2).to_numpy().tolist()
                for method in ("pearson", "spearman")
            },
        },
        indent=1,
        ensure_ascii=False,
    )
)
