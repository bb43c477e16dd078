-- case: vectors
SELECT count(*), sum(length(embedding)) FROM vec;
SELECT cluster, count(*), min(id), max(hex(embedding)) FROM vec GROUP BY cluster ORDER BY cluster;
SELECT id, distance FROM truth WHERE query = 7 AND metric = 'l2' ORDER BY rank;
SELECT metric, count(*), sum(distance) FROM truth GROUP BY metric ORDER BY metric;
SELECT v.cluster, count(*) FROM truth t JOIN vec v USING(id) WHERE t.rank = 1 GROUP BY 1 ORDER BY 1;
PRAGMA integrity_check;
