#!/usr/bin/env python3
"""Checks data/calendars against a maintained holiday package, every day from 2024-01-01 to announced_until.

    python3 tests/calendars/check.py

Installs the packages (MIT) into a directory that is removed afterwards. Exits 1 and names each day that differs.
Two independent packages for China, because a day wrong in one of them would otherwise pass for right.
"""

import datetime
import pathlib
import subprocess
import sys
import tempfile
import tomllib
import venv

PACKAGES = ["holidays==0.109", "chinesecalendar==1.11.0"]
FIRST = datetime.date(2024, 1, 1)
DAY = datetime.timedelta(days=1)
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DATA = pathlib.Path(__file__).resolve().parents[2] / "data" / "calendars"


def days_from(first, last):
    while first <= last:
        yield first
        first += DAY


def listed(items):
    for item in items:
        first, _, last = item.partition("..")
        yield from days_from(datetime.date.fromisoformat(first), datetime.date.fromisoformat(last or first))


def ours(name):
    """Every day from FIRST to announced_until, and whether it is worked."""
    calendar = tomllib.loads((DATA / name).read_text(encoding="utf-8"))
    worked = {
        day: bool(calendar["week"].get(WEEKDAYS[day.weekday()]))
        for day in days_from(FIRST, calendar["announced_until"])
    }
    for holiday in calendar.get("holiday", []):
        worked.update((day, False) for day in listed(holiday.get("off", [])) if day in worked)
        worked.update((day, True) for day in listed(holiday.get("work", [])) if day in worked)
    return worked


def china_by_holidays(day):
    import holidays

    return holidays.country_holidays("CN", years=range(2024, 2028)).is_working_day(day)


def china_by_chinesecalendar(day):
    import chinese_calendar

    return chinese_calendar.is_workday(day)


def new_york_by_holidays(day):
    import holidays

    federal = holidays.country_holidays("US", years=range(2024, 2029))
    state = holidays.country_holidays("US", subdiv="NY", years=range(2024, 2029))
    return day.weekday() < 5 and day not in federal and state.get(day) != "Election Day"


CHECKS = [
    ("cn.toml", "holidays", china_by_holidays),
    ("cn.toml", "chinesecalendar", china_by_chinesecalendar),
    ("us-nyc.toml", "holidays", new_york_by_holidays),
]


def check():
    wrong = 0
    for name, package, is_worked in CHECKS:
        worked = ours(name)
        different = [day for day, is_ours in worked.items() if is_ours != is_worked(day)]
        for day in different:
            print(f"{name}: {day} is {'worked' if worked[day] else 'off'} here, not so in {package}")
        print(f"{name}: {len(worked)} days until {max(worked)} compared with {package}, {len(different)} differ")
        wrong += len(different)
    return wrong


def main():
    if sys.argv[1:] == ["--installed"]:
        sys.exit(1 if check() else 0)
    with tempfile.TemporaryDirectory() as place:
        venv.create(place, with_pip=True)
        python = str(pathlib.Path(place) / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True)
        sys.exit(subprocess.run([python, __file__, "--installed"], check=False).returncode)


if __name__ == "__main__":
    main()
