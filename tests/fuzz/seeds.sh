#!/bin/sh
# Makes what fuzzing begins with. Usage: seeds.sh PERLITE SOURCE_DIR FOLDER: FOLDER/sql (a file a statement),
# FOLDER/database (files) and FOLDER/page (their first pages).
perlite=$1 source=$2 out=$3
rm -rf "$out"
mkdir -p "$out/sql" "$out/database" "$out/page" || exit 2
cat "$source"/tests/engine/scripts/*.sql | grep -v '^--' | awk -v out="$out/sql/" 'length($0) > 8 && length($0) < 2000 { print > (out NR); close(out NR) }'
content="CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c); CREATE INDEX tb ON t(b, c); CREATE TABLE w(k, v, PRIMARY KEY(k, v)) WITHOUT ROWID;
CREATE TABLE u(x UNIQUE, y AS (x || '!')); CREATE VIEW v AS SELECT a, b FROM t;
INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) SELECT i, printf('%.*c', i * 3, 'b'), i * 1.5 FROM n;
INSERT INTO t VALUES(100, printf('%.2000c', 'L'), zeroblob(1800)); INSERT INTO w SELECT b, a FROM t; INSERT INTO u(x) SELECT b FROM t; DELETE FROM t WHERE a BETWEEN 10 AND 15;"
i=0
for pragmas in "page_size=512" "page_size=1024; PRAGMA auto_vacuum=1" "page_size=512; PRAGMA encoding='UTF-16le'; PRAGMA auto_vacuum=2" "page_size=4096; PRAGMA encoding='UTF-16be'"; do
  i=$((i + 1))
  "$perlite" "$out/database/$i.db" "PRAGMA $pragmas; $content" >/dev/null || exit 1
  # What the trees of 512-byte pages begin with; the target makes nothing of less than two pages.
  case $pragmas in page_size=512*) head -c 20480 "$out/database/$i.db" >"$out/page/$i" ;; esac
done
rm -f "$out"/database/*-journal
