-- Words and texts are short: they stand in the tree of their key, and a report is written to one tree for each instead of
-- two. (A body is too long for that: of a row in a key, all beyond a quarter of a page goes to a page of its own.)

create table words_in_key (
  region integer not null,
  id blob not null,
  words text not null,
  marks text not null,
  primary key (region, id)
) strict, without rowid;
insert into words_in_key (region, id, words, marks) select region, id, words, marks from case_words order by region, id;
drop table case_words;
alter table words_in_key rename to case_words;

create table texts_in_key (
  region integer not null,
  case_id blob not null,
  digest blob not null,
  salt blob not null,
  body text not null,
  giver text not null,
  written_at integer not null,
  primary key (region, case_id, digest),
  foreign key (region, case_id) references cases (region, id)
) strict, without rowid;
insert into texts_in_key (region, case_id, digest, salt, body, giver, written_at)
  select region, case_id, digest, salt, body, giver, written_at from texts order by region, case_id, digest;
drop table texts;
alter table texts_in_key rename to texts;
