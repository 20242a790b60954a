-- A fact says when it happened and when it was recorded; `late_at` is empty where the two are one moment, as in all facts
-- from before this step. Roots run over the time of recording.
alter table facts add column late_at bigint;
create index facts_by_record on facts (region, coalesce(late_at, at), case_id, seq);
drop index facts_by_time;

-- Days whose roots were taken away, to be made anew; each is a link in the chain of roots.
create table reopened_days (
    region bigint not null,
    no bigint not null,
    day date not null,
    previous bytea not null,
    removed bytea not null,
    at bigint not null,
    person uuid,
    reason text not null,
    hash bytea not null,
    constraint reopened_days_pk primary key (region, no)
);

-- One row: when the jobs last ran by a clock that was believed.
create table clock (
    id integer not null,
    ticked_at bigint not null,
    constraint clock_pk primary key (id),
    constraint clock_is_one check (id = 1)
);
