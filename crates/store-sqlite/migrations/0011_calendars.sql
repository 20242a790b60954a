-- How far promises have been made anew for a version of a calendar; see repromises.rs.
create table repromises (
  region integer not null,
  calendar text not null,
  version integer not null,
  -- Null before the first case.
  last blob,
  cases integer not null,
  looked_at integer not null,
  repromised integer not null,
  begun_at integer not null,
  ended_at integer,
  primary key (region, calendar, version)
) strict, without rowid;
