"""recover.py SHELL: .recover brings back what a damaged file still holds, and survives any damage.

An intact file comes back whole. A definition that is gone leaves its rows in lost_and_found. Of a file with bytes
changed at random (the seed is printed) the command ends, in time, and what it writes is SQL.
"""
import os
import random
import subprocess
import sys
import tempfile

SHELL = sys.argv[1]
SEED = int(os.environ.get("SEED", "20"))
VARIANTS = int(os.environ.get("VARIANTS", "60"))

MAKE = """
PRAGMA page_size=1024; PRAGMA user_version=5; @FIRST@
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c);
INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
 SELECT i, 'row ' || i, CASE i % 6 WHEN 0 THEN i * 1.25 WHEN 1 THEN NULL WHEN 2 THEN x'00ff' WHEN 3 THEN 'it''s' WHEN 4 THEN -i ELSE zeroblob(2500) END FROM n;
INSERT INTO t VALUES(-9223372036854775808, 'least', 9223372036854775807), (1000, char(228, 8364, 128512), 1e300);
CREATE TABLE w(k TEXT, n INT, v, PRIMARY KEY(k, n)) WITHOUT ROWID;
INSERT INTO w SELECT b, a, c FROM t WHERE a < 50;
CREATE TABLE plain(x, y AS (x || '!'), z DEFAULT 3);
INSERT INTO plain(rowid, x) SELECT a * 3, b FROM t WHERE a BETWEEN 1 AND 40;
CREATE TABLE s(id INTEGER PRIMARY KEY AUTOINCREMENT, x);
INSERT INTO s(x) VALUES('one'), ('two'); DELETE FROM s WHERE id = 2;
CREATE TABLE "a table"("a column", 'other');
INSERT INTO "a table" VALUES(1, 'line
break');
CREATE INDEX tb ON t(b); CREATE INDEX px ON plain(x);
CREATE VIEW v AS SELECT a FROM t;
"""
CONTENT = [
    "SELECT * FROM t ORDER BY a", "SELECT * FROM w ORDER BY k, n", "SELECT rowid, * FROM plain ORDER BY 1",
    "SELECT * FROM s", "SELECT * FROM sqlite_sequence", "SELECT * FROM \"a table\"", "SELECT count(*) FROM v",
    "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name", "PRAGMA user_version", "PRAGMA page_size",
    "PRAGMA auto_vacuum", "PRAGMA encoding", "PRAGMA integrity_check"]

failures = 0


def expect(claim, true):
    global failures
    if not true:
        failures += 1
        print("FAILED:", claim)


def shell(path, *commands, text=None):
    return subprocess.run([SHELL, path, *commands], input=text, capture_output=True, timeout=60, check=False)


def content(path):
    return [shell(path, ".mode quote", sql).stdout for sql in CONTENT]


def recovered(path, into, *options):
    """What .recover says, run; its exit code."""
    said = shell(path, " ".join([".recover", *options]))
    if os.path.exists(into):
        os.unlink(into)
    shell(into, text=said.stdout)
    return said


def main():
    print("seed", SEED)
    with tempfile.TemporaryDirectory() as folder:
        good, out = os.path.join(folder, "good.db"), os.path.join(folder, "out.db")
        for first in ["", "PRAGMA encoding='UTF-16le';", "PRAGMA encoding='UTF-16be';", "PRAGMA auto_vacuum=1;", "PRAGMA auto_vacuum=2;"]:
            if os.path.exists(good):
                os.unlink(good)
            made = shell(good, text=(MAKE.replace("@FIRST@", first)).encode())
            expect("made: %r" % made.stderr, made.returncode == 0)
            said = recovered(good, out)
            expect("an intact file comes back whole " + first, said.returncode == 0 and content(good) == content(out))
            expect("nothing is lost", b"lost_and_found" not in said.stdout)
        os.unlink(good)
        shell(good, text=(MAKE.replace("@FIRST@", "")).encode())

        # A definition that is gone.
        gone = os.path.join(folder, "gone.db")
        whole = open(good, "rb").read()
        open(gone, "wb").write(whole)
        shell(gone, "PRAGMA writable_schema=on", "DELETE FROM sqlite_schema WHERE name IN ('plain', 'px')")
        recovered(gone, out)
        lost = shell(out, "SELECT count(*), min(nfield), max(nfield), min(id), max(id) FROM lost_and_found WHERE id NOT NULL")
        expect("the rows of a lost table: %r" % lost.stdout, b"40" in lost.stdout and b"120" in lost.stdout)
        said = recovered(gone, out, "--lost-and-found", "found")
        expect("under another name", shell(out, "SELECT count(*) FROM found WHERE id NOT NULL").stdout.count(b"40") > 0)

        # Rows of a dropped table lie on free pages, until they are not wanted.
        dropped = os.path.join(folder, "dropped.db")
        open(dropped, "wb").write(whole)
        shell(dropped, "PRAGMA secure_delete=off", "DROP TABLE w")
        before = recovered(dropped, out).stdout.count(b"lost_and_found")
        after = recovered(dropped, out, "--ignore-freelist").stdout.count(b"lost_and_found")
        expect("the freelist is read unless it is not wanted: %d %d" % (before, after), before > 0 and after == 0)
        said = recovered(good, out, "--no-rowids").stdout
        expect("rowids are left out when asked", b"_rowid_" not in said and b"_rowid_" in recovered(good, out).stdout)

        # Indexes, headers and page 1.
        for what, at, count in [("magic", 0, 16), ("page size", 16, 2), ("header", 16, 84), ("root of the index", 1024 * 5, 100)]:
            bad = os.path.join(folder, "bad.db")
            open(bad, "wb").write(whole[:at] + b"\xee" * count + whole[at + count:])
            recovered(bad, out)
            rows = shell(out, "SELECT count(*) FROM t").stdout
            expect("%s damaged: %r" % (what, rows), b"302" in rows or what == "root of the index")

        # Anything.
        source = random.Random(SEED)
        for variant in range(VARIANTS):
            bytes_ = bytearray(whole[:source.randrange(600, len(whole))] if variant % 5 == 0 else whole)
            for _ in range(source.choice([1, 5, 50, 500])):
                at = source.randrange(len(bytes_))
                bytes_[at] = source.choice([0, 255, source.randrange(256), bytes_[at] ^ 1 << source.randrange(8)])
            if variant % 7 == 0:
                page = source.randrange(len(bytes_) // 1024) * 1024
                bytes_[page:page + 1024] = source.randbytes(1024)
            bad = os.path.join(folder, "bad.db")
            open(bad, "wb").write(bytes_)
            said = shell(bad, ".recover")
            expect("variant %d: %d %r" % (variant, said.returncode, said.stderr[-200:]), said.returncode in (0, 1))
            expect("variant %d ends" % variant, said.returncode != 0 or said.stdout.endswith(b"COMMIT;\n"))
            shell(bad, ".dbinfo")
    print("failures:", failures)
    return 1 if failures else 0


sys.exit(main())
