CREATE TABLE u(a INTEGER PRIMARY KEY, t TEXT UNIQUE);
INSERT INTO u VALUES(1,'x');
SELECT * FORM u;
INSERT INTO u VALUES(3,'x');
SELECT nope
  FROM u;
.bogus
.mode nonsense
.read /nonexistent.sql
SELECT 'goes on';
