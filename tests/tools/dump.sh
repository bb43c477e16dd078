#!/bin/sh
# perlite-dump shows what stock wrote: header, the two levels of a tree, the freelist, and says no to what is no database.
# Usage: dump.sh PERLITE_DUMP; skips without the stock shell.
command -v sqlite3 >/dev/null || exit 77
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
die() { echo "$1"; exit 1; }
sqlite3 "$work/a.db" "PRAGMA page_size=512; CREATE TABLE t(a, b); CREATE TABLE gone(x);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
  INSERT INTO t SELECT i, 'value ' || i FROM n; DROP TABLE gone; PRAGMA user_version=77" || die "stock failed"
"$1" header "$work/a.db" | grep -q '^page size  *512$' || die "page size"
"$1" header "$work/a.db" | grep -q '^user version  *77$' || die "user version"
"$1" tree "$work/a.db" 2 | head -1 | grep -q '^page 2: table interior' || die "root"
cells=$("$1" tree "$work/a.db" 2 | awk '/table leaf/ { n += $5 } END { print n }')
[ "$cells" -eq 100 ] || die "leaves have $cells cells"
"$1" page "$work/a.db" 1 bytes | grep -q '^[0-9a-f]\{6\}  [0-9a-f][0-9a-f] ' || die "bytes of a page"
"$1" freelist "$work/a.db" | grep -q '^1 free pages$' || die "freelist"
echo "no database, but long enough to be read as the header of one, and then some more of it so that a page fills ........." >"$work/b.db"
"$1" header "$work/b.db" 2>/dev/null && die "must refuse"
exit 0
