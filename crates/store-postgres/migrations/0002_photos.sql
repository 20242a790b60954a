-- Photos that no case names yet; see store/src/uploads.rs. A row ends when a report or a step takes it, or its time is over.
create table uploads (
    token bytea not null,
    digest bytea not null,
    thumbnail bytea not null,
    bytes bigint not null,
    width bigint not null,
    height bigint not null,
    sent bytea not null,
    holder text,
    ends_at bigint not null,
    constraint uploads_pk primary key (token)
);
create index uploads_by_digest on uploads (digest);
create index uploads_by_thumbnail on uploads (thumbnail);
create index uploads_by_end on uploads (ends_at);

-- When a case's reporter had taken out what they gave: their photos are missing since then, and rightly.
create table erasures (
    region bigint not null,
    case_id uuid not null,
    at bigint not null,
    constraint erasures_pk primary key (region, case_id)
);
insert into erasures (region, case_id, at)
    select c.region, c.id, max(a.at) from audit a join cases c on 'case_' || replace(c.id::text, '-', '') = a.object
    where a.action = 'erased' and a.succeeded group by c.region, c.id;

-- What everybody may see is decided in the case, and nothing was looked at yet. The column stays for the release before.
update attachments set is_public = false where is_public;
