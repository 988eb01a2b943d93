"""Golden values for filters and derived columns, by pandas.

    python tests/golden/expressions.py > tests/golden/expressions.json

Made with pandas 3.1.1.
"""

import json

import numpy as np
import pandas as pd

rng = np.random.default_rng(23)
ROWS = 300


def holes(values, share):
    return [None if hole else value for value, hole in zip(values, rng.random(ROWS) < share)]


x = holes(np.round(rng.normal(0, 5, ROWS), 2).tolist(), 0.15)
y = holes(rng.integers(-3, 4, ROWS).tolist(), 0.1)
town = holes(rng.choice(["Paris", "Rome", "São Paulo", "oslo", "a-b"], ROWS).tolist(), 0.2)
flag = holes(rng.choice([True, False], ROWS).tolist(), 0.2)
minutes = rng.integers(-10_000_000, 30_000_000, ROWS)
day = holes([str(pd.Timestamp(0) + pd.Timedelta(minutes=int(m)))[:16].replace(" ", "T") for m in minutes], 0.15)
frame = pd.DataFrame({
    "x": pd.array(x, "Float64"),
    "y": pd.array(y, "Float64"),
    "town": pd.array(town, pd.StringDtype("python")),
    "flag": pd.array(flag, "boolean"),
    "day": pd.to_datetime(pd.Series(day)),
})
f = frame
d = f.day.dt
epoch = pd.Timestamp("2000-01-01")


def finite(series):
    return series.astype("Float64").map(lambda v: v if pd.notna(v) and np.isfinite(v) else pd.NA)


def known(result, *columns):
    """Missing where a column is: pandas' comparisons of dates are false there."""
    lacking = pd.concat([f[c].isna() for c in columns], axis=1).any(axis=1)
    return result.astype("boolean").mask(lacking)


CONDITIONS = {
    "x > 1 and y <= 2": (f.x > 1) & (f.y <= 2),
    "x > 1 or y <= 2": (f.x > 1) | (f.y <= 2),
    "not (x > 1 or flag)": ~((f.x > 1) | f.flag),
    "flag": f.flag,
    "not flag and town != 'Rome'": ~f.flag & (f.town != "Rome"),
    "town in ('Paris', 'oslo')": f.town.isin(["Paris", "oslo"]),
    "town not in ('Paris', 'oslo')": known(~f.town.isin(["Paris", "oslo"]), "town"),
    "town is missing or x is not missing": f.town.isna() | f.x.notna(),
    "y between -1 and 2": f.y.between(-1, 2),
    "town like '%a%o'": known(f.town.str.fullmatch(".*a.*o"), "town"),
    "contains(lower(town), 'a')": f.town.str.lower().str.contains("a", regex=False),
    "day >= '1990-06-15' and day < '2010-01-01'": known((f.day >= "1990-06-15") & (f.day < "2010-01-01"), "day"),
    "weekday(day) in (6, 7) or hour(day) < 6": known((d.weekday >= 5) | (d.hour < 6), "day"),
    "x % 3 > 1": f.x.map(lambda v: v % 3, na_action="ignore") > 1,
}
NUMBERS = {
    "x + y * 2 - 1": f.x + f.y * 2 - 1,
    "x / y": finite(f.x / f.y),
    "-x ^ 2": -(f.x**2),
    "y % 3": f.y.map(lambda v: v % 3, na_action="ignore"),
    "abs(x) + floor(x) + ceil(y)": f.x.abs() + np.floor(f.x) + np.ceil(f.y),
    "exp(y) + sqrt(abs(y))": np.exp(f.y) + np.sqrt(f.y.abs()),
    "ln(x)": finite(f.x.map(lambda v: np.log(v) if v > 0 else pd.NA, na_action="ignore")),
    "min(x, y)": pd.concat([f.x, f.y], axis=1).min(axis=1, skipna=True),
    "max(x, y, 0)": pd.concat([f.x, f.y], axis=1).assign(zero=0.0).max(axis=1, skipna=True),
    "clamp(x, -2, 3)": f.x.clip(-2, 3),
    "coalesce(x, y, 99)": f.x.fillna(f.y).fillna(99),
    "length(town)": f.town.str.len(),
    "year(day)": d.year,
    "quarter(day)": d.quarter,
    "month(day)": d.month,
    "day(day)": d.day,
    "weekday(day)": d.weekday + 1,
    "day_of_year(day)": d.dayofyear,
    "hour(day)": d.hour,
    "minute(day)": d.minute,
    "days_between('2000-01-01', day)": (f.day - epoch) / pd.Timedelta(days=1),
    "number(flag)": f.flag.astype("Float64"),
    "if(x > y, x, y)": f.x.where((f.x > f.y).fillna(False).astype(bool), f.y),
}
TEXTS = {
    "upper(town)": f.town.str.upper(),
    "left(town, 3)": f.town.str[:3],
    "right(town, 3)": f.town.str[-3:],
    "replace(town, 'o', '0')": f.town.str.replace("o", "0", regex=False),
    "town + '/' + lower(town)": f.town + "/" + f.town.str.lower(),
    "split_part(town, '-', 2)": f.town.str.split("-").str[1],
    "case when x > 3 then 'high' when x < -3 then 'low' else town end": pd.Series(
        np.select([(f.x > 3).fillna(False), (f.x < -3).fillna(False)], ["high", "low"], f.town.astype(object))
    ),
    "text(start_of_month(day))": f.day.dt.to_period("M").dt.start_time.dt.strftime("%Y-%m-%d"),
}


def listed(series, convert):
    return [None if pd.isna(v) else convert(v) for v in series]


def cell(value):
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


rows = zip(x, y, town, flag, day)
csv = "x,y,town,flag,day\n" + "".join(",".join(map(cell, row)) + "\n" for row in rows)
print(json.dumps({
    "csv": csv,
    "conditions": {k: [i for i, v in enumerate(c) if v is not pd.NA and bool(v)] for k, c in CONDITIONS.items()},
    "numbers": {k: listed(s, float) for k, s in NUMBERS.items()},
    "texts": {k: listed(s, str) for k, s in TEXTS.items()},
}, ensure_ascii=False))
