"""Makes areas.csv, catalogue.csv and requests.csv of the public file: python3 make.py 311_service_requests_2011.csv

The file is the city of Boston's "311 Service Requests" (PDDL). Wards and precincts are those its rows name; limits are
those its due dates give most often. Of the remarks at closing only the set phrases are kept, and house numbers are cut.
"""

import collections
import csv
import datetime
import re
import sys
from pathlib import Path

here = Path(__file__).parent
rows = list(csv.DictReader(open(sys.argv[1], encoding="utf-8")))


def writer(name):
    return csv.writer((here / name).open("w", encoding="utf-8", newline=""), lineterminator="\n")


precincts = sorted({row["precinct"] for row in rows if re.fullmatch(r"\d{4}", row["precinct"])})
areas = writer("areas.csv")
areas.writerow(["#version", 1])
areas.writerow(["#scheme", "free"])
areas.writerow(["#level", "city", "市", "City", "region"])
areas.writerow(["#level", "ward", "选区", "Ward"])
areas.writerow(["#level", "precinct", "投票区", "Precinct", "grid"])
areas.writerow("code,name_zh,name_en,level,parent,grid_kind,valid_from,region".split(","))
areas.writerow(["boston", "波士顿市", "City of Boston", "city", "", "", "2010-01-01", "025025"])
for ward in sorted({code[:2] for code in precincts}):
    areas.writerow([f"ward-{ward}", f"第 {int(ward)} 选区", f"Ward {int(ward)}", "ward", "boston", "", "2010-01-01", ""])
for code in precincts:
    ward, no = int(code[:2]), int(code[2:])
    names = [f"第 {ward} 选区 {no} 号", f"Ward {ward} Precinct {no}"]
    areas.writerow([f"p-{code}", *names, "precinct", f"ward-{code[:2]}", "general", "2010-01-01", ""])
# Rows that name no precinct: a place of their own, so that they can be taken and told apart.
areas.writerow(["ward-none", "选区不详", "Ward not known", "ward", "boston", "", "2010-01-01", ""])
areas.writerow(["p-none", "地点不详", "Place not known", "precinct", "ward-none", "general", "2010-01-01", ""])

FORMAT = "%Y-%m-%d %H:%M:%S"
granted = collections.defaultdict(collections.Counter)
for row in rows:
    if row["target_dt"]:
        time = datetime.datetime.strptime(row["target_dt"], FORMAT) - datetime.datetime.strptime(row["open_dt"], FORMAT)
        granted[row["type"]][round(time.total_seconds() / 3600)] += 1


def limit(kind):
    """What the due dates give most often; a day or two that a weekend makes longer are working days."""
    hours = granted[kind]
    if not hours:
        return "14d", "ours: the data gives no due date"
    most, count = hours.most_common(1)[0]
    said = f"due dates of Boston's 311 requests: {count} of {sum(hours.values())} in the second half of 2011 give this"
    if most in (24, 48, 96) and sum(hours.values()) > count:
        return ("1wd" if most == 24 else "2wd"), said
    if most < 1:
        return "14d", "ours: the due dates of the data lie before the report"
    return f"{max(1, round(most / 24))}d", said


catalogue = writer("catalogue.csv")
for setting in (["#scheme", "boston311"], ["#version", 1], ["#title", "波士顿 311 诉求类别", "Boston 311 request types"]):
    catalogue.writerow(setting)
catalogue.writerow(["#working_day_minutes", 480])
catalogue.writerow(
    "code,major_zh,major_en,name_zh,name_en,plain_zh,plain_en,local,responsible,provenance,condition,defect,filing_zh,"
    "filing_en,limit,limit_a,limit_b,limit_c,urgent,closing_zh,closing_en,source".split(",")
)
for kind in csv.DictReader((here / "types.csv").open(encoding="utf-8")):
    name = kind["type"]
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    major = kind["major_en"].split()[0].lower()
    time, source = limit(name)
    catalogue.writerow(
        [f"event-{major}-{slug[:38].strip('_')}", kind["major_zh"], kind["major_en"], kind["zh"], name, "", "", "", kind["kind"]]
        + ["request type of Boston's 311 (PDDL); Chinese wording ours", 1, "request", kind["zh"], name, time]
        + ["", "", "", "", "已处理并答复", "handled and answered", source]
    )

# Every 116th row, as the file stands: 500 or so.
requests = csv.DictWriter(
    (here / "requests.csv").open("w", encoding="utf-8", newline=""), list(rows[0]), lineterminator="\n"
)
requests.writeheader()
for row in rows[::116]:
    phrase = re.match(r"Case Closed( Case (Resolved|Invalid|Scheduled|Noted)| Duplicate[a-z ]*)?", row["closure_reason"])
    row["closure_reason"] = phrase[0] if phrase else ""
    for column in ("location", "location_street_name"):
        row[column] = re.sub(r"^[\d-]+[A-Z]? +", "", row[column])
    requests.writerow(row)
