service-name = Gewu · Report it
skip = Skip to content
other-language = 中文
optional = (optional)
any = Any
none = None
choose = Switch
choose-one = Please choose
reason = Reason
urgent = Urgent
unplaced = Not placed yet
state-open = All open
back-home = Back to the start
form-wrong = Something is missing
foot-emergency = If somebody is hurt, something burns or danger is near, call { $numbers ->
    [none] the emergency services
   *[other] { $numbers }
}.
foot-privacy = What you leave is used for this matter only. With number and code you can erase it at any time.
foot-sign-in = Staff sign-in

nav-label = Main navigation
nav-menu = Menu
calendar-ends = The calendar “{ $name }” knows holidays only until { $day }; limits after it count weekends and days off by law alone. Once the next year is announced, an administrator should publish a new version on the data page.
nav-desk = My desk
nav-inbox = Inbox
nav-intake = Take a call
nav-patrol = Patrol report
nav-cases = Cases
nav-areas = Areas
nav-people = People
nav-data = Published data
nav-audit = Audit
nav-account = My account
nav-sign-out = Sign out
nav-post = Present post
nav-post-choose = Switch post

pager = Pages
pager-previous = Previous
pager-next = Next

light-green = in good time
light-yellow = { $left }, due soon
light-paused = clock paused
light-none = no clock
light-due = due { $at }

col-light = Time left
col-task = To do
col-case = Problem
col-state = State
col-place = Place
col-unit = Unit
col-source = Source
col-reported = Reported
col-class = Class

area-any = Please choose
area-whole = All of { $area }

role-collector = Collector
role-collector-what = Walks the grid, verifies what was reported, checks what was done.
role-acceptor = Acceptor
role-acceptor-what = Takes reports from residents and the hotline, sends people to verify and check.
role-duty-chief = Duty chief
role-duty-chief-what = Files or refuses, and closes what was checked.
role-dispatcher = Dispatcher
role-dispatcher-what = Gives cases to the units that answer for them, grants time.
role-handler = Handler
role-handler-what = Takes the work, does it, shows a photo of the result.
role-supervisor = Supervisor
role-supervisor-what = Sees the cases of the area and urges.
role-assessor = Assessor
role-assessor-what = Reads figures, not single cases.
role-administrator = Administrator
role-administrator-what = Looks after people, posts and the city's data; sees no cases.
role-auditor = Auditor
role-auditor-what = Reads the audit record and nothing else.

source-patrol = Patrol
source-resident = Resident
source-hotline = { $number ->
    [none] Hotline
   *[other] { $number } hotline
}
source-system = Other system
source-sensor = Sensor
source-leader = From above
source-media = Media
map-undrawn-pick = This device cannot draw the map. Write the address, or choose the area from the list below.
map-undrawn-point = This device cannot draw the map; the place is written above.
map-undrawn-list = This device cannot draw the map; the cases are in the list below.
map-undrawn-areas = This device cannot draw the map; the areas are in the list.

told-why = { $what }: { $why }
