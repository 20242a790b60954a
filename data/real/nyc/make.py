"""Makes the files of this folder from the public ones: python3 make.py TRACTS.geojson REQUESTS.csv

TRACTS is `tract_simple` of the R package nycgeo, REQUESTS an extract of NYC Open Data's "311 Service Requests".
House numbers, zip codes, parcels and state-plane coordinates are left out; points are rounded to 5 decimals (a metre).
"""

import csv
import json
import sys
from pathlib import Path

here = Path(__file__).parent
areas = {row[0]: row for row in csv.reader((here / "../../areas/nyc.csv").open(encoding="utf-8")) if len(row) > 5}

tracts = json.load(open(sys.argv[1], encoding="utf-8"))["features"]
lines = []
for tract in sorted(tracts, key=lambda tract: tract["properties"]["geoid"]):
    code = tract["properties"]["geoid"]
    polygons = tract["geometry"]["coordinates"]
    one = len(polygons) == 1
    geometry = {"type": "Polygon" if one else "MultiPolygon", "coordinates": polygons[0] if one else polygons}
    feature = {"type": "Feature", "properties": {"code": code, "parent": areas[code][4]}, "geometry": geometry}
    lines.append(json.dumps(feature, separators=(",", ":")))
text = '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"
(here / "tracts.geojson").write_text(text, encoding="utf-8")

KEPT = [
    "Unique Key", "Created Date", "Closed Date", "Agency", "Complaint Type", "Descriptor", "Location Type", "Street Name",
    "Borough", "Status", "Due Date", "Resolution Description", "Open Data Channel Type", "Latitude", "Longitude",
]
with (here / "requests.csv").open("w", encoding="utf-8", newline="") as file:
    writer = csv.DictWriter(file, KEPT, lineterminator="\n")
    writer.writeheader()
    for row in csv.DictReader(open(sys.argv[2], encoding="utf-8")):
        row = {column: row[column] for column in KEPT}
        for column in ("Latitude", "Longitude"):
            row[column] = f"{float(row[column]):.5f}" if row[column] else ""
        writer.writerow(row)
