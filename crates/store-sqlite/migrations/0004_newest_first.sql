-- The term index counts its rows from the newest case: it is walked forwards in half the time that backwards takes, and
-- nearly every list begins with the newest.
drop table case_terms;
create virtual table case_terms using fts5 (
  terms, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars '_'"
);
insert into case_terms (case_terms, rank) values ('automerge', 0);
insert into case_terms (case_terms, rank) values ('usermerge', 8);
insert into case_terms (case_terms, rank) values ('crisismerge', 64);
insert into case_terms (rowid, terms)
select 9223372036854775807 - c.found_at, w.words || ' ' || w.marks
from cases c join case_words w on w.region = c.region and w.id = c.id
order by 1;
