-- Accounts are written column by column under a version; failures are counted in tries, so accounts.failures and
-- accounts.locked_until are neither read nor written any more.
alter table accounts add column version integer not null default 1;
-- The sealed secret of the second factor, and the last time step a code was taken of.
alter table accounts add column totp blob;
alter table accounts add column totp_step integer;

alter table sessions add column device text not null default '';

create table recovery_codes (
  person blob not null,
  code blob not null,
  primary key (person, code)
) strict, without rowid;

create table devices (
  person blob not null,
  secret blob not null,
  ends_at integer not null,
  primary key (person, secret)
) strict, without rowid;
create index devices_by_end on devices (ends_at);

-- Keys are keyed digests: whose secret was tried, and from where, cannot be read from them.
create table tries (
  key blob not null primary key,
  count integer not null,
  at integer not null,
  opens_at integer not null
) strict, without rowid;
create index tries_by_time on tries (at);
