-- The record of a region: every key starts with the region, so that tables can be sharded by it.
-- Rows of a case are written only together with the case, in one transaction: there are no foreign keys to pay for.
-- Times are milliseconds since 1970 in UTC. Sequences and row locks are not used.

-- What lists read; narrow, so that a list of a thousand reads few pages. The case itself is in case_bodies.
create table cases (
    region bigint not null,
    id uuid not null,
    number text not null,
    version bigint not null,
    state text not null,
    source text not null,
    scheme text,
    class text,
    -- Root first.
    path text[] not null,
    is_placed boolean not null,
    lon double precision,
    lat double precision,
    unit text,
    -- Units that lead or led.
    units text[] not null,
    is_urgent boolean not null,
    reported_at bigint not null,
    changed_at bigint not null,
    -- Null while it is open.
    closed_at bigint,
    warn_at bigint,
    due_at bigint,
    -- Until when it is suspended.
    wake_at bigint,
    -- Its id does not tell when it was reported, so it is not where a search by time looks.
    is_odd boolean not null,
    text_digest bytea,
    head bytea not null,
    constraint cases_pk primary key (region, id),
    constraint cases_by_number unique (region, number)
);
create index cases_by_state on cases (region, state, id);
create index cases_by_change on cases (region, changed_at);
create index cases_due on cases (region, due_at) where due_at is not null;
create index cases_wake on cases (region, wake_at) where wake_at is not null;
-- Cases whose id does not tell when they were reported (see find.rs).
create index cases_odd on cases (region) where is_odd;

create table case_bodies (
    region bigint not null,
    id uuid not null,
    body text not null,
    constraint case_bodies_pk primary key (region, id)
) with (fillfactor = 85);

-- What a case is found by, hashed and stamped with its stretch of time (see find.rs).
create table finds (
    region bigint not null,
    case_id uuid not null,
    stamp bigint not null,
    keys bigint[] not null,
    constraint finds_pk primary key (region, case_id)
);
-- Long ones stay in their rows, so that they are compared without a detour.
alter table finds alter column keys set storage main;
create index finds_by_key on finds using gin (keys) with (fastupdate = on, gin_pending_list_limit = 512);

create table facts (
    region bigint not null,
    case_id uuid not null,
    seq bigint not null,
    at bigint not null,
    body text not null,
    hash bytea not null,
    constraint facts_pk primary key (region, case_id, seq)
);
create index facts_by_time on facts (region, at, case_id, seq);

create table tasks (
    region bigint not null,
    case_id uuid not null,
    no smallint not null,
    role text not null,
    unit text not null,
    kind text not null,
    assignment smallint,
    -- The largest number while nothing runs, so that it sorts last.
    due_at bigint not null,
    path text[] not null,
    constraint tasks_pk primary key (region, case_id, no)
);
create index tasks_by_desk on tasks (region, role, unit, due_at, case_id, no);

create table texts (
    region bigint not null,
    case_id uuid not null,
    digest bytea not null,
    salt bytea not null,
    body text not null,
    giver text not null,
    written_at bigint not null,
    constraint texts_pk primary key (region, case_id, digest)
);

create table contacts (
    region bigint not null,
    case_id uuid not null,
    field text not null,
    sealed bytea not null,
    value_digest bytea not null,
    purpose text not null,
    basis text not null,
    given_at bigint not null,
    ends_at bigint not null,
    constraint contacts_pk primary key (region, case_id, field)
);
create index contacts_by_value on contacts (region, value_digest, case_id);
create index contacts_by_end on contacts (region, ends_at);

create table looks (
    region bigint not null,
    case_id uuid not null,
    at bigint not null,
    person uuid not null,
    post uuid not null,
    field text not null,
    reason text not null,
    constraint looks_pk primary key (region, case_id, at, person, post, field, reason)
);

create table attachments (
    region bigint not null,
    case_id uuid not null,
    digest bytea not null,
    thumbnail bytea not null,
    media_type text not null,
    bytes bigint not null,
    width bigint not null,
    height bigint not null,
    giver text not null,
    given_at bigint not null,
    is_public boolean not null,
    constraint attachments_pk primary key (region, case_id, digest)
);
create index attachments_by_digest on attachments (region, digest);
create index attachments_by_thumbnail on attachments (region, thumbnail);

-- Sums over days; what is not known is empty. One row per writer, so that writers do not wait for each other.
create table counters (
    region bigint not null,
    day date not null,
    measure text not null,
    area text not null,
    class text not null,
    unit text not null,
    writer smallint not null,
    n bigint not null,
    constraint counters_pk primary key (region, day, measure, area, class, unit, writer)
) with (fillfactor = 50);

create table answers (
    region bigint not null,
    key text not null,
    request bytea not null,
    body text not null,
    at bigint not null,
    constraint answers_pk primary key (region, key)
);
create index answers_by_time on answers (region, at);

create table outbox (
    region bigint not null,
    id uuid not null,
    case_id uuid,
    topic text not null,
    body text not null,
    at bigint not null,
    claimed_at bigint,
    constraint outbox_pk primary key (region, id)
);

create table roots (
    region bigint not null,
    day date not null,
    root bytea not null,
    facts bigint not null,
    constraint roots_pk primary key (region, day)
);

create table numbers (
    region bigint not null,
    series text not null,
    taken bigint not null,
    constraint numbers_pk primary key (region, series)
);

-- Of the whole city, the same on every shard.

create table publications (
    kind text not null,
    name text not null,
    version bigint not null,
    published_at bigint not null,
    person uuid,
    digest bytea not null,
    bytes bigint not null,
    -- zstd
    body bytea not null,
    constraint publications_pk primary key (kind, name, version)
);
alter table publications alter column body set storage external;

create table people (
    id uuid not null,
    name text not null,
    unit text not null,
    is_active boolean not null,
    constraint people_pk primary key (id)
);
create index people_by_unit on people (unit, id);

create table posts (
    id uuid not null,
    person uuid not null,
    role text not null,
    unit text not null,
    of_region bigint,
    area text not null,
    from_at bigint not null,
    to_at bigint,
    constraint posts_pk primary key (id)
);
create index posts_by_person on posts (person);
create index posts_by_unit on posts (unit);

create table accounts (
    person uuid not null,
    login text not null,
    password text not null,
    must_change boolean not null,
    failures integer not null,
    locked_until bigint,
    changed_at bigint not null,
    constraint accounts_pk primary key (person),
    constraint accounts_by_login unique (login)
);

create table sessions (
    id uuid not null,
    secret bytea not null,
    person uuid not null,
    post uuid,
    started_at bigint not null,
    seen_at bigint not null,
    constraint sessions_pk primary key (id),
    constraint sessions_by_secret unique (secret)
);
create index sessions_by_person on sessions (person);
create index sessions_by_seen on sessions (seen_at);

create table clients (
    id uuid not null,
    name text not null,
    secret bytea not null,
    scopes text[] not null,
    made_at bigint not null,
    revoked_at bigint,
    constraint clients_pk primary key (id),
    constraint clients_by_secret unique (secret)
);

create table audit (
    id uuid not null,
    at bigint not null,
    person uuid,
    client uuid,
    action text not null,
    object text not null,
    succeeded boolean not null,
    origin text not null,
    constraint audit_pk primary key (id)
);
create index audit_by_person on audit (person, id);

-- Statistics hold samples of what a column holds: none are kept of what can be erased, nor of bodies nobody searches.
alter table texts alter column body set statistics 0, alter column salt set statistics 0;
alter table contacts alter column sealed set statistics 0, alter column value_digest set statistics 0;
alter table people alter column name set statistics 0;
alter table accounts alter column login set statistics 0, alter column password set statistics 0;
alter table case_bodies alter column body set statistics 0;
alter table facts alter column body set statistics 0;
alter table answers alter column body set statistics 0;
-- Nobody plans by the frequency of a key: spans are asked whatever it is.
alter table finds alter column keys set statistics 0;
