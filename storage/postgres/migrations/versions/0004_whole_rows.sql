-- Up to one page; rows that are there change when they are next written.
ALTER TABLE materials SET (toast_tuple_target = 8160);
