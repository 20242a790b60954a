-- Which case another system's number is, in the whole city; the number as that system writes it.
create table origins (
    number text not null,
    system text not null,
    of_region bigint not null,
    case_id uuid not null,
    said bytea not null,
    constraint origins_pk primary key (number, system)
);
create unique index origins_by_case on origins (of_region, case_id);
alter table origins alter column number set statistics 0, alter column said set statistics 0;
