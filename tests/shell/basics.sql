.import in.csv t
.headers on
.mode box
SELECT * FROM t;
.schema
.tables
.mode markdown
SELECT *, 'multi
line' AS ml FROM t;
.mode table
SELECT a, x'01ff' AS blob, NULL AS nul, 'two
lines' t FROM t;
.mode json
SELECT a, 1.5 r, NULL n, 'q"uote' q, x'01' b FROM t;
.mode insert tab
.headers off
SELECT 1, 'it''s', NULL, x'00ff', 0.1, 1e100;
.mode quote
SELECT 1, 'it''s', NULL, x'00ff', 0.1;
.mode line
SELECT 1 AS a, 'x' AS longname;
.mode csv
.headers on
SELECT 1 AS a, 'x,y' AS "b c";
.mode column
SELECT 1 AS a, 'abc' AS b;
.mode list
.headers off
.nullvalue nil
.separator ;
SELECT 1, NULL, 'x';
CREATE TABLE u(a INTEGER PRIMARY KEY, t TEXT UNIQUE) -- comment
;
INSERT INTO u(a,t) VALUES(1,'x'),(2,NULL);
CREATE VIEW v AS SELECT 1;
CREATE INDEX i ON t(a);
.indexes
.dump
.dump u
.export out.json t
.export out.csv "SELECT a, 2 AS b FROM t"
.output out.txt
SELECT 'in a file';
.output
.read more.sql
.print done 'and dusted'
.databases
.help mode
