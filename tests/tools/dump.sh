#!/bin/sh
# perlite-dump shows what stock wrote: header, the levels of a tree, the freelist, and says no to what is no database.
# Usage: dump.sh PERLITE_DUMP; skips without the stock shell.
command -v sqlite3 >/dev/null || exit 77
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
die() { echo "$1"; exit 1; }
sqlite3 "$work/a.db" "PRAGMA page_size=512; CREATE TABLE t(a, b); CREATE TABLE gone(x);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
  INSERT INTO t SELECT i, 'value ' || i FROM n; DROP TABLE gone; PRAGMA user_version=77" || die "stock failed"
"$1" page "$work/a.db" 1 | grep -q '^page 1 of [0-9]*, 512 bytes, usable 512$' || die "page size"
"$1" page "$work/a.db" 1 | grep -q 'user version 77,' || die "user version"
"$1" tree "$work/a.db" 2 | head -1 | grep -q '^page 2: table interior' || die "root"
cells=$("$1" tree "$work/a.db" 2 | sed -n 's/.*table leaf, cells \([0-9]*\),.*/\1/p' | awk '{ n += $1 } END { print n }')
[ "$cells" -eq 100 ] || die "leaves have $cells cells"
"$1" freelist "$work/a.db" | grep -q '^freelist: 1 pages' || die "freelist"
"$1" check "$work/a.db" 2 | grep -q '^root 2: 100 entries$' || die "check"
echo "no database" >"$work/b.db"
"$1" page "$work/b.db" 2>/dev/null && die "must refuse"
exit 0
