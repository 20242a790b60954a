#!/usr/bin/env python3
"""Writes the days off that Chinese law fixes into cn.toml, from cn_lunar.csv and the decrees below.

Run it after a change of either: `python3 data/calendars/statutory.py`, then raise `version` in cn.toml. Only the days the
decrees name are written: a day in lieu of a weekend, and make-up workdays, are announced year by year.
"""

import csv
import datetime
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
MARK = "# 法定节假日"
DAY = datetime.timedelta(days=1)

# 全国年节及纪念日放假办法 in each wording: first and last year in force, the decree, and its days. A lunar day is counted
# from lunar New Year, so that -1 is its eve.
DECREES = [
    (2000, 2007, "国务院令第270号，1999年9月18日公布", {"spring": (0, 2), "labour": (1, 3), "moon": False}),
    (2008, 2013, "国务院令第513号，2008年1月1日起施行", {"spring": (-1, 1), "labour": (1, 1), "moon": True}),
    (2014, 2024, "国务院令第644号，2014年1月1日起施行", {"spring": (0, 2), "labour": (1, 1), "moon": True}),
    (2025, 9999, "国务院令第795号，2025年1月1日起施行", {"spring": (-1, 2), "labour": (1, 2), "moon": True}),
]
NAMES = {
    "元旦": "New Year's Day",
    "春节": "Spring Festival",
    "清明节": "Tomb-Sweeping Day",
    "劳动节": "Labour Day",
    "端午节": "Dragon Boat Festival",
    "中秋节": "Mid-Autumn Festival",
    "国庆节": "National Day",
}


def lunar():
    text = (HERE / "cn_lunar.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {int(row["year"]): {key: row[key] for key in row if key != "year"} for row in rows}


def span(first, days):
    last = first + DAY * (days - 1)
    return str(first) if days == 1 else f"{first}..{last}"


def days_of(year, moon, rules):
    """Festival and the range of its days in a year, as cn.toml writes it."""
    on = datetime.date.fromisoformat
    yield "元旦", span(datetime.date(year, 1, 1), 1)
    first, last = rules["spring"]
    yield "春节", span(on(moon["new_year"]) + DAY * first, last - first + 1)
    if rules["moon"]:
        yield "清明节", span(on(moon["qingming"]), 1)
        yield "端午节", span(on(moon["dragon_boat"]), 1)
        yield "中秋节", span(on(moon["mid_autumn"]), 1)
    first, last = rules["labour"]
    yield "劳动节", span(datetime.date(year, 5, first), last - first + 1)
    yield "国庆节", span(datetime.date(year, 10, 1), 3)


def sections():
    """The sections as text; years whose arrangement has been announced are among them."""
    years = lunar()
    for first, last, decree, rules in DECREES:
        listed = {name: [] for name in NAMES}
        for year in range(first, min(last, max(years)) + 1):
            for name, days in days_of(year, years[year], rules):
                listed[name].append(days)
        for name, days in listed.items():
            if not days:
                continue
            a_line = 8 if ".." not in days[0] else 4
            lines = [days[at : at + a_line] for at in range(0, len(days), a_line)]
            text = "".join("  " + ", ".join(f'"{day}"' for day in line) + ",\n" for line in lines)
            yield (
                f'[[statutory]]\nname_zh = "{name}"\nname_en = "{NAMES[name]}"\n'
                f'source = "全国年节及纪念日放假办法（{decree}）第二条"\non = [\n{text}]\n'
            )


def written():
    """cn.toml as it should be."""
    before, mark, after = (HERE / "cn.toml").read_text(encoding="utf-8").partition(MARK)
    heading = after.splitlines()[0]
    return before + mark + heading + "\n\n" + "\n".join(sections())


if __name__ == "__main__":
    (HERE / "cn.toml").write_text(written(), encoding="utf-8")
