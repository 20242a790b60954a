-- How far promises have been made anew for a version of a calendar; see repromises.rs.
create table repromises (
    region bigint not null,
    calendar text not null,
    version bigint not null,
    -- Null before the first case.
    last uuid,
    cases bigint not null,
    looked_at bigint not null,
    repromised bigint not null,
    begun_at bigint not null,
    ended_at bigint,
    constraint repromises_pk primary key (region, calendar, version)
);
