data-title = Published data
data-walks = Promises made anew by an announced calendar
data-walk = Calendar { $name }, version { $version }, { $region }: { $seen } of { $cases } open cases looked at, { $anew } promised anew, going on
data-walk-ended = Calendar { $name }, version { $version }, { $region }: { $seen } open cases looked at, { $anew } promised anew
data-what = Areas, units, classes, calendars and policy are data, not program. Change a file, rehearse it, publish it; with one fault nothing changes, and old cases go on by the version of their day.
data-kind = What
data-current = In force
data-new = New file
data-choose = Choose a file: { $kind }
data-never = never published
data-older = Older versions
data-version-no = version { $version }
data-rehearse = Rehearse
data-publish = Publish at once
data-publish-now = Publish these
data-hint = Choose several at once: they are checked and take effect together.
data-none = No file was chosen
data-faults = { $n ->
    [one] One fault, nothing was changed
   *[other] { $n } faults, nothing was changed
}
data-where = Where
data-fault = Fault
data-fix = What to do
data-findings = { $n ->
    [one] One thing was found in the boundaries
   *[other] { $n } things were found in the boundaries
}
data-must-accept = To be confirmed:
data-accept = What was found is meant so: publish all the same
data-datum = Coordinates
data-datum-own = as the file says (WGS84 if it does not)
data-line = line { $n }
data-rehearsed = The rehearsal went well; nothing is published yet
data-published = Published, in force from now on
data-choose-again = The files are large: choose them again and press “Publish at once”.
data-unchanged = { $name }: the same as in force
data-version = { $name }: version { $version }
data-kib = { $n } KB

kind-unit-kinds = Kinds of unit
kind-unit-kinds-what = Which kinds there are and why each answers (CSV)
kind-areas = Areas
kind-areas-what = City, county, street, community, grid (CSV)
kind-shapes = Boundaries
kind-shapes-what = The areas' shapes (GeoJSON)
kind-units = Units
kind-units-what = Departments, streets, centres, companies (CSV)
kind-catalogue = Classes
kind-catalogue-what = Parts and events, filing conditions, limits (CSV)
kind-calendar = Calendar
kind-calendar-what = Shifts, days off, make-up workdays (TOML)
kind-policy = Policy
kind-policy-what = Paths, lists of reasons, terms (TOML)
kind-parts = Parts
kind-parts-what = Codes and places of lamp posts, manhole covers and the like (CSV); may be absent
