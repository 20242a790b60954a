-- Accounts are written column by column under a version; failures are counted in tries, so accounts.failures and
-- accounts.locked_until are neither read nor written any more.
alter table accounts add column version integer not null default 1;
alter table accounts alter column failures set default 0;
-- The sealed secret of the second factor, and the last time step a code was taken of.
alter table accounts add column totp bytea;
alter table accounts add column totp_step bigint;
alter table accounts alter column totp set statistics 0;

alter table sessions add column device text not null default '';

create table recovery_codes (
    person uuid not null,
    code bytea not null,
    constraint recovery_codes_pk primary key (person, code)
);

create table devices (
    person uuid not null,
    secret bytea not null,
    ends_at bigint not null,
    constraint devices_pk primary key (person, secret)
);
create index devices_by_end on devices (ends_at);

-- Keys are keyed digests: whose secret was tried, and from where, cannot be read from them.
create table tries (
    key bytea not null,
    count integer not null,
    at bigint not null,
    opens_at bigint not null,
    constraint tries_pk primary key (key)
);
create index tries_by_time on tries (at);
