-- The record. Times are milliseconds since 1970 in UTC, days are written 20260301, ids are 16 bytes, digests 32.
--
-- What grows with every report is appended: keys start with the region and go on with an id that grows with time, so a
-- report dirties the right edge of each tree and not a page somewhere in the middle of ten million.

-- Each region that has cases. `slot` stands in `cases.found_at`.
create table regions (
  region integer not null primary key,
  slot integer not null
) strict;

-- What lists read; narrow, so that a list of a thousand reads few pages. The case itself is in case_bodies.
create table cases (
  region integer not null,
  id blob not null,
  number text not null,
  version integer not null,
  head blob not null,
  state text not null,
  source text not null,
  scheme text,
  class text,
  -- Codes from the root down, each between 0x1f: 'a' is in the path when it holds 0x1f a 0x1f.
  path text not null,
  is_placed integer not null,
  lon real,
  lat real,
  unit text,
  -- Units that lead or led, each between 0x1f.
  units text not null,
  is_urgent integer not null,
  reported_at integer not null,
  changed_at integer not null,
  -- Null while it is open.
  closed_at integer,
  warn_at integer,
  due_at integer,
  -- Until when it is suspended.
  wake_at integer,
  text_digest blob,
  -- Its id does not tell when it was reported, so it is not where a search by time looks.
  is_odd integer not null,
  -- Its row in case_terms: second of the id, slot of the region, number within the second, so it sorts as ids do, second by
  -- second.
  found_at integer not null,
  primary key (region, id)
) strict, without rowid;
create unique index cases_by_number on cases (region, number);
create unique index cases_by_place on cases (region, found_at);
-- Holds whatever a list of open cases asks for, so that walking all of them reads nothing else.
create index cases_open on cases (region, id, closed_at, state, class, path, units, due_at) where closed_at is null;
create index cases_wake on cases (region, wake_at, id) where wake_at is not null;
create index cases_odd on cases (region, id) where is_odd = 1;

create table case_bodies (
  region integer not null,
  id blob not null,
  body text not null,
  primary key (region, id)
) strict;

-- What case_terms holds for a case, because taking a row out of the index needs what was put in.
create table case_words (
  region integer not null,
  id blob not null,
  words text not null,
  marks text not null,
  primary key (region, id)
) strict;

-- Inverted index over words and marks (areas, class, units and so on). Each token starts with its region.
create virtual table case_terms using fts5 (
  terms, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars '_'"
);

create table facts (
  region integer not null,
  case_id blob not null,
  seq integer not null,
  at integer not null,
  body text not null,
  hash blob not null,
  primary key (region, case_id, seq),
  foreign key (region, case_id) references cases (region, id)
) strict;
create index facts_by_time on facts (region, at, case_id, seq);

create table tasks (
  region integer not null,
  case_id blob not null,
  no integer not null,
  role text not null,
  unit text not null,
  kind text not null,
  assignment integer,
  -- The largest number there is while nothing runs, so that it sorts last.
  due_at integer not null,
  primary key (region, case_id, no),
  foreign key (region, case_id) references cases (region, id)
) strict, without rowid;
create index tasks_by_desk on tasks (region, unit, role, due_at, case_id, no);

create table texts (
  region integer not null,
  case_id blob not null,
  digest blob not null,
  salt blob not null,
  body text not null,
  giver text not null,
  written_at integer not null,
  primary key (region, case_id, digest),
  foreign key (region, case_id) references cases (region, id)
) strict;

create table contacts (
  region integer not null,
  case_id blob not null,
  field text not null,
  sealed blob not null,
  value_digest blob not null,
  purpose text not null,
  basis text not null,
  given_at integer not null,
  ends_at integer not null,
  primary key (region, case_id, field),
  foreign key (region, case_id) references cases (region, id)
) strict, without rowid;
create index contacts_by_value on contacts (region, value_digest, case_id);
create index contacts_by_end on contacts (region, ends_at);

create table looks (
  region integer not null,
  case_id blob not null,
  no integer not null,
  at integer not null,
  person blob not null,
  post blob not null,
  field text not null,
  reason text not null,
  primary key (region, case_id, no),
  foreign key (region, case_id) references cases (region, id)
) strict;

create table attachments (
  region integer not null,
  case_id blob not null,
  digest blob not null,
  thumbnail blob not null,
  media_type text not null,
  bytes integer not null,
  width integer not null,
  height integer not null,
  giver text not null,
  given_at integer not null,
  is_public integer not null,
  primary key (region, case_id, digest),
  foreign key (region, case_id) references cases (region, id)
) strict;
create index attachments_by_digest on attachments (region, digest);
create index attachments_by_thumbnail on attachments (region, thumbnail);

-- Sums over days; what is not known is empty.
create table counters (
  region integer not null,
  day integer not null,
  measure text not null,
  area text not null,
  class text not null,
  unit text not null,
  n integer not null,
  primary key (region, day, measure, area, class, unit)
) strict, without rowid;

create table answers (
  region integer not null,
  key text not null,
  request blob not null,
  body text not null,
  at integer not null,
  primary key (region, key)
) strict, without rowid;

create table outbox (
  region integer not null,
  id blob not null,
  case_id blob,
  topic text not null,
  body text not null,
  at integer not null,
  claimed_at integer,
  primary key (region, id)
) strict, without rowid;

create table roots (
  region integer not null,
  day integer not null,
  root blob not null,
  facts integer not null,
  primary key (region, day)
) strict, without rowid;

create table numbers (
  region integer not null,
  series text not null,
  next integer not null,
  primary key (region, series)
) strict, without rowid;

-- The whole city's tables.

create table publications (
  kind text not null,
  name text not null,
  version integer not null,
  published_at integer not null,
  person blob,
  digest blob not null,
  bytes integer not null,
  -- Compressed with Zstandard.
  body blob not null,
  primary key (kind, name, version)
) strict;

create table people (
  id blob not null primary key,
  name text not null,
  unit text not null,
  is_active integer not null
) strict;
create index people_by_unit on people (unit, id);

create table posts (
  id blob not null primary key,
  person blob not null,
  role text not null,
  unit text not null,
  of_region integer,
  area text not null,
  from_at integer not null,
  to_at integer
) strict;
create index posts_by_person on posts (person);
create index posts_by_unit on posts (unit, id);

create table accounts (
  person blob not null primary key,
  login text not null unique,
  password text not null,
  must_change integer not null,
  failures integer not null,
  locked_until integer,
  changed_at integer not null
) strict;

create table sessions (
  id blob not null primary key,
  secret blob not null unique,
  person blob not null,
  post blob,
  started_at integer not null,
  seen_at integer not null
) strict;
create index sessions_by_person on sessions (person);
create index sessions_by_seen on sessions (seen_at);

create table clients (
  id blob not null primary key,
  name text not null,
  secret blob not null unique,
  -- A JSON list.
  scopes text not null,
  made_at integer not null,
  revoked_at integer
) strict;

create table audit (
  id blob not null primary key,
  at integer not null,
  person blob,
  client blob,
  action text not null,
  object text not null,
  succeeded integer not null,
  origin text not null
) strict;
create index audit_by_person on audit (person, id);
