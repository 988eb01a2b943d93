"""Parquet and Arrow files as other programs write them, by pyarrow, and the CSV that says what they hold.

    python tests/golden/columnar.py automl-core/tests/fixtures/columnar

Made with pyarrow 26.0.1. Every file has the same rows; they differ in format, codec and page version.
"""

import datetime
import decimal
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet

ROWS = 40
ZONE = datetime.timezone.utc


def pick(values, missing):
    return [None if i % missing == missing - 1 else values(i) for i in range(ROWS)]


day = datetime.date(2021, 1, 30)
moment = datetime.datetime(2024, 2, 28, 23, 59, 58)
table = pa.table(
    {
        "whole": pa.array(pick(lambda i: i * 7 - 50, 5), pa.int64()),
        "small": pa.array(pick(lambda i: i % 7, 9), pa.int8()),
        "unsigned": pa.array(pick(lambda i: 2**40 + i, 6), pa.uint64()),
        "ratio": pa.array(pick(lambda i: i / 8 - 2.5, 4), pa.float64()),
        "single": pa.array(pick(lambda i: i * 0.5, 7), pa.float32()),
        "price": pa.array(pick(lambda i: decimal.Decimal(i * 25) / 100, 8), pa.decimal128(9, 2)),
        "open": pa.array(pick(lambda i: i % 3 == 0, 10), pa.bool_()),
        "town": pa.array(pick(lambda i: ["Bern", "Genève", "Zürich"][i % 3], 11), pa.string()),
        "kind": pa.array(pick(lambda i: ["a, b", 'c "d"'][i % 2], 12)).dictionary_encode(),
        "day": pa.array(pick(lambda i: day + datetime.timedelta(days=i), 13), pa.date32()),
        "at": pa.array(pick(lambda i: moment + datetime.timedelta(hours=i), 14), pa.timestamp("us")),
        "at_zone": pa.array(
            pick(lambda i: (moment + datetime.timedelta(hours=i)).replace(tzinfo=ZONE), 15), pa.timestamp("ms", tz="UTC")
        ),
        "nothing": pa.nulls(ROWS),
    }
)

out = Path(sys.argv[1])
for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
    version = "2.0" if codec in ["zstd", "brotli"] else "1.0"
    parquet.write_table(table, out / f"{codec}.parquet", compression=codec, data_page_version=version, row_group_size=16)
for codec in ["uncompressed", "lz4", "zstd"]:
    feather.write_feather(table, out / f"{codec}.feather", compression=codec, chunksize=16)
with pa.OSFile(str(out / "stream.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
    writer.write_table(table, max_chunksize=16)


def text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S") + ("Z" if value.tzinfo else "")
    plain = str(value)
    return '"' + plain.replace('"', '""') + '"' if "," in plain else plain


with open(out / "expected.csv", "w", newline="\n") as file:
    file.write(",".join(table.column_names) + "\n")
    for row in table.to_pylist():
        file.write(",".join(text(row[name]) for name in table.column_names) + "\n")
