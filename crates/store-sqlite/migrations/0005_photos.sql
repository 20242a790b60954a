-- Photos that no case names yet; see store/src/uploads.rs. A row ends when a report or a step takes it, or its time is over.
create table uploads (
  token blob not null primary key,
  digest blob not null,
  thumbnail blob not null,
  bytes integer not null,
  width integer not null,
  height integer not null,
  sent blob not null,
  holder text,
  ends_at integer not null
) strict, without rowid;
create index uploads_by_digest on uploads (digest);
create index uploads_by_thumbnail on uploads (thumbnail);
create index uploads_by_end on uploads (ends_at);

-- When a case's reporter had taken out what they gave: their photos are missing since then, and rightly.
create table erasures (
  region integer not null,
  case_id blob not null,
  at integer not null,
  primary key (region, case_id)
) strict, without rowid;
insert into erasures (region, case_id, at)
  select c.region, c.id, max(a.at)
  from audit a join regions r join cases c on c.region = r.region and c.id = unhex(substr(a.object, 6))
  where a.action = 'erased' and a.succeeded = 1 group by c.region, c.id;

-- What everybody may see is decided in the case, and nothing was looked at yet. The column stays for the release before.
update attachments set is_public = 0 where is_public = 1;
