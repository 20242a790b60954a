-- A fact says when it happened and when it was recorded; `late_at` is empty where the two are one moment, as in all facts
-- from before this step. Roots run over the time of recording.
alter table facts add column late_at integer;
alter table facts add column recorded_at integer generated always as (coalesce(late_at, at)) virtual;
create index facts_by_record on facts (region, recorded_at, case_id, seq);
drop index facts_by_time;

-- Days whose roots were taken away, to be made anew; each is a link in the chain of roots.
create table reopened_days (
  region integer not null,
  no integer not null,
  day integer not null,
  previous blob not null,
  removed blob not null,
  at integer not null,
  person blob,
  reason text not null,
  hash blob not null,
  primary key (region, no)
) strict, without rowid;

-- One row: when the jobs last ran by a clock that was believed.
create table clock (
  id integer not null primary key check (id = 1),
  ticked_at integer not null
) strict;
