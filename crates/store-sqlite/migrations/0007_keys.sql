-- Where a row of the audit record belongs, and the area an API key is limited to.
alter table audit add column area text;
alter table clients add column area text;

-- The keys the record was written with. A digest tells one key from another and says nothing of it.
create table keys (
  purpose text not null,
  number integer not null,
  digest blob not null,
  noted_at integer not null,
  primary key (purpose, number)
) strict, without rowid;

-- The place of a publication among all, so that two that follow the same one do not both stand.
alter table publications add column edition integer;
create unique index publications_by_edition on publications (edition);
