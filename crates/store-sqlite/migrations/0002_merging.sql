-- The writer merges the term index itself, a little with each commit: left to itself, the index does so in long steps that
-- every caller waits for. Segments of one size are merged when there are so many; a search looks into each.
insert into case_terms (case_terms, rank) values ('automerge', 0);
insert into case_terms (case_terms, rank) values ('usermerge', 8);
insert into case_terms (case_terms, rank) values ('crisismerge', 64);
