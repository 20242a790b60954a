-- Which case another system's number is, in the whole city; the number as that system writes it.
create table origins (
  number text not null,
  system text not null,
  of_region integer not null,
  case_id blob not null,
  said blob not null,
  primary key (number, system),
  foreign key (of_region, case_id) references cases (region, id)
) strict, without rowid;
create unique index origins_by_case on origins (of_region, case_id);
