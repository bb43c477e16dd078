#!/usr/bin/env python3
"""Programs of the distribution on the drop-in library and on stock: what they print must be the same.

    programs.py shell|python|php|gdal DROPIN_FOLDER SOURCE_FOLDER

Each runs twice in an empty folder, once with the drop-in first in the loader's path and every symbol bound at load.
What stock's release prints otherwise is masked: version numbers, and digits of REALs beyond the shortest that read back.
Exit code 77 when the program is not installed.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SAMPLE = os.path.join(os.environ.get("PERLITE_SHARED") or os.path.join(os.path.abspath(sys.argv[3]), "../shared"), "data/chinook.db")

SHELL_SCRIPT = """
.bail on
CREATE TABLE person(id INTEGER PRIMARY KEY, name TEXT NOT NULL, born DATE, height REAL, photo BLOB);
CREATE INDEX person_name ON person(name COLLATE NOCASE);
CREATE TABLE city(name TEXT PRIMARY KEY, country TEXT, people INT) WITHOUT ROWID;
CREATE VIEW tall AS SELECT name FROM person WHERE height > 1.75;
INSERT INTO person VALUES(1,'Ada','1815-12-10',1.5,x'00ff10'),(2,'Grace','1906-12-09',1.75,NULL),(3,'it''s "quoted"',NULL,2.0,zeroblob(3));
.mode csv
.import people.csv imported
.import --csv --skip 1 people.csv city
.mode list
.tables
.tables %a%
.schema
.schema person
.indexes
.databases
.dump
.mode column
.headers on
SELECT * FROM imported ORDER BY 1;
.mode json
SELECT id, name, hex(photo) AS photo FROM person ORDER BY id;
.mode insert person
SELECT * FROM person;
.mode box
SELECT country, count(*) AS cities, sum(people) AS people FROM city GROUP BY country ORDER BY country;
.mode quote
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i, i * i FROM n;
.mode list
BEGIN; UPDATE person SET name = upper(name) WHERE id < 3; SELECT changes(); ROLLBACK;
SELECT group_concat(name, '|') FROM (SELECT name FROM person ORDER BY name);
.fullschema
.bail off
SELECT nosuch FROM person;
PRAGMA integrity_check;
"""

PYTHON_SCRIPT = r"""
import sqlite3, datetime
db = sqlite3.connect('python.db', detect_types=sqlite3.PARSE_DECLTYPES)
db.execute('CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c BLOB, d REAL, e date)')
with db:
    db.executemany('INSERT INTO t(b, c, d, e) VALUES(?, ?, ?, ?)',
                   [('row %d \u00e4\u20ac' % i, bytes([i % 256, 0, 255]), i / 4, datetime.date(2000, 1, 1 + i % 28)) for i in range(500)])
try:
    with db:
        db.execute("UPDATE t SET b = 'gone'")
        db.execute('INSERT INTO t(a) VALUES(1)')
except sqlite3.IntegrityError as error:
    print(error, error.sqlite_errorcode, error.sqlite_errorname)
print(db.execute('SELECT count(*), sum(d), min(b), max(e) FROM t').fetchone())
print(db.execute('SELECT * FROM t WHERE a = ?', (17,)).fetchone())
print(db.execute('SELECT b FROM t WHERE a BETWEEN :low AND :high ORDER BY a DESC', {'low': 3, 'high': 6}).fetchall())
cursor = db.execute('UPDATE t SET d = d + 1 WHERE a % 10 = 0')
print(cursor.rowcount, db.total_changes, db.in_transaction)
db.commit()
db.create_function('twice', 1, lambda x: x * 2, deterministic=True)
class Product:
    def __init__(self): self.value = 1
    def step(self, x): self.value *= x
    def finalize(self): return self.value
db.create_aggregate('product', 1, Product)
db.create_collation('backwards', lambda x, y: (x < y) - (x > y))
print(db.execute('SELECT twice(a), twice(b) FROM t WHERE a = 2').fetchone(), db.execute('SELECT product(a) FROM t WHERE a <= 10').fetchone())
print(db.execute('SELECT b FROM t WHERE a < 4 ORDER BY b COLLATE backwards').fetchall())
db.row_factory = sqlite3.Row
row = db.execute('SELECT a AS first, b FROM t WHERE a = 5').fetchone()
print(row.keys(), row['first'], tuple(row))
for bad in ('SELECT nosuch FROM t', 'SELEC 1', 'INSERT INTO t VALUES(1)', 'SELECT * FROM none'):
    try: db.execute(bad)
    except sqlite3.Error as error: print(type(error).__name__, error)
db.execute("SAVEPOINT s"); db.execute('DELETE FROM t'); db.execute('ROLLBACK TO s'); db.execute('RELEASE s')
print(db.execute('SELECT count(*) FROM t').fetchone()[0])
seen = []
db.set_trace_callback(seen.append)
db.execute('SELECT ?', ('traced',)).fetchall()
db.set_trace_callback(None)
print(seen, list(db.iterdump())[:2], sqlite3.threadsafety)
db.interrupt()
with db.blobopen('t', 'c', 9) as blob:
    print(len(blob), blob.read())
    blob.seek(0); blob.write(b'\x01')
print(db.execute('SELECT hex(c) FROM t WHERE a = 9').fetchone()[0], db.execute('PRAGMA integrity_check').fetchone()[0])
db.close()
"""

PHP_SCRIPT = r"""<?php
$db = new PDO('sqlite:php.db');
$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$db->exec('CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c BLOB)');
$db->beginTransaction();
$insert = $db->prepare('INSERT INTO t(b, c) VALUES(:b, :c)');
for ($i = 0; $i < 200; $i++) $insert->execute(['b' => "row $i", 'c' => chr($i) . "\0x"]);
$db->commit();
echo $db->lastInsertId(), "\n";
$select = $db->prepare('SELECT a, b, hex(c) FROM t WHERE a % ? = 0 ORDER BY a');
$select->execute([50]);
foreach ($select->fetchAll(PDO::FETCH_NUM) as $row) echo implode('|', $row), "\n";
$db->sqliteCreateFunction('reversed', fn($s) => strrev($s), 1);
echo $db->query("SELECT reversed(b) FROM t WHERE a = 12")->fetchColumn(), "\n";
try { $db->exec('INSERT INTO t(a) VALUES(1)'); } catch (PDOException $e) { echo $e->getMessage(), "\n"; }
try { $db->query('SELECT nosuch FROM t'); } catch (PDOException $e) { echo $e->getMessage(), "\n"; }
$db->beginTransaction(); $db->exec('DELETE FROM t'); $db->rollBack();
echo $db->query('SELECT count(*), max(b) FROM t')->fetch(PDO::FETCH_NUM)[0], "\n";
echo $db->query('PRAGMA integrity_check')->fetchColumn(), "\n";
"""


def missing(text):
    print(text)
    sys.exit(77)


def environment(dropin):
    variables = dict(os.environ, LD_BIND_NOW="1", HOME=os.getcwd(), TZ="UTC")
    if dropin is not None:
        source = subprocess.run(["sqlite3", ":memory:", "SELECT sqlite_source_id()"], capture_output=True, text=True) if shutil.which("sqlite3") else None
        variables["LD_LIBRARY_PATH"] = dropin
        if source is not None:
            variables["PERLITE_SOURCE_ID"] = source.stdout.strip()
    return variables


def run(command, dropin, text=None):
    answer = subprocess.run(command, input=text, capture_output=True, text=True, env=environment(dropin), timeout=100)
    return f"exit code {answer.returncode}\n{answer.stdout}\n--- errors\n{answer.stderr}"


def version(command, dropin, text=None):
    """The last line of what a program prints is the release of the library it really runs on."""
    return subprocess.run(command, input=text, capture_output=True, text=True, env=environment(dropin), timeout=100).stdout.split()[-1]


def shell(dropin):
    if not shutil.which("sqlite3"):
        missing("no sqlite3")
    with open("people.csv", "w") as out:
        out.write('name,country,people\nZurich,CH,400000\n"Rome, the city",IT,2800000\nBern,CH,130000\n"say ""hi""",US,\n')
    log = run(["sqlite3", "shell.db"], dropin, SHELL_SCRIPT)
    log += run(["sqlite3", "shell.db", ".dump"], dropin) + run(["sqlite3", "-readonly", "-csv", "shell.db", "SELECT * FROM city"], dropin)
    dumped = subprocess.run(["sqlite3", "shell.db", ".dump"], capture_output=True, text=True, env=environment(dropin)).stdout
    log += run(["sqlite3", "again.db"], dropin, dumped) + run(["sqlite3", "again.db", ".schema"], dropin)
    if os.path.isfile(SAMPLE):  # a file that many tools have written
        shutil.copy(SAMPLE, "sample.db")
        for words in (".tables", ".schema", ".indexes", ".dump", "SELECT Name, count(*) FROM Artist JOIN Album USING(ArtistId) GROUP BY Name ORDER BY 2 DESC, 1 LIMIT 20",
                      "UPDATE Track SET Composer = upper(Composer) WHERE TrackId < 100; SELECT changes(); PRAGMA integrity_check"):
            log += run(["sqlite3", "sample.db", words], dropin)
    return log, version(["sqlite3", ":memory:", "SELECT sqlite_version()"], dropin)


def python(dropin):
    interpreter = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
    if subprocess.run([interpreter, "-c", "import sqlite3"], capture_output=True).returncode != 0:
        missing("no sqlite3 module")
    return run([interpreter, "-"], dropin, PYTHON_SCRIPT), version([interpreter, "-c", "import sqlite3; print(sqlite3.sqlite_version)"], dropin)


def php(dropin):
    if not shutil.which("php") or "pdo_sqlite" not in subprocess.run(["php", "-m"], capture_output=True, text=True).stdout:
        missing("no php with pdo_sqlite")
    open("script.php", "w").write(PHP_SCRIPT)
    return run(["php", "script.php"], dropin), version(["php", "-r", "echo (new PDO('sqlite::memory:'))->query('SELECT sqlite_version()')->fetchColumn();"], dropin)


GDAL_LOAD = """
import ctypes, ctypes.util
gdal = ctypes.CDLL(ctypes.util.find_library('gdal'))
gdal.GDALVersionInfo.restype = ctypes.c_char_p
gdal.GDALAllRegister()
gdal.GDALGetDriverByName.restype = ctypes.c_void_p
print(gdal.GDALGetDriverByName(b'SQLite') is not None, gdal.GDALVersionInfo(b'RELEASE_NAME') is not None)
sqlite = ctypes.CDLL('libsqlite3.so.0')
sqlite.sqlite3_libversion.restype = ctypes.c_char_p
print(sqlite.sqlite3_libversion().decode())
"""


def gdal(dropin):
    load = [sys.executable, "-c", GDAL_LOAD]
    answer = subprocess.run(load, capture_output=True, text=True, env=environment(None))
    if answer.returncode != 0:
        missing("no libgdal")
    log = run(load, dropin)
    log = log[:log.rindex("\n--- errors")].rsplit("\n", 2)[0]
    if shutil.which("ogr2ogr") and shutil.which("ogrinfo"):
        with open("places.csv", "w") as out:
            out.write("id,name,x,y\n1,Zurich,8.5,47.25\n2,Rome,12.5,41.75\n3,Oslo,10.75,60\n")
        log += run(["ogr2ogr", "-f", "SQLite", "places.sqlite", "places.csv", "-oo", "AUTODETECT_TYPE=YES", "-oo", "X_POSSIBLE_NAMES=x", "-oo", "Y_POSSIBLE_NAMES=y"], dropin)
        log += run(["ogrinfo", "-ro", "-al", "places.sqlite"], dropin)
        log += run(["ogrinfo", "-ro", "places.sqlite", "-sql", "SELECT name, x FROM places WHERE y > 45 ORDER BY name"], dropin)
    return log, version(load, dropin)


def mask(text):
    text = re.sub(r"\b3\.\d+\.\d+\b", "VERSION", text)
    text = re.sub(r"\b\d+\.\d{12,}\b", lambda digits: repr(float(digits.group())), text)
    return text.replace(os.getcwd(), "FOLDER")


def main():
    program, dropin = {"shell": shell, "python": python, "php": php, "gdal": gdal}[sys.argv[1]], os.path.abspath(sys.argv[2])
    answers = []
    for library in (None, dropin):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            log, release = program(library)
            answers.append(mask(log))
            os.chdir("/")
        if library is not None and release != "3.54.0":
            sys.exit(f"the drop-in was not used: {release}")
    if answers[0] != answers[1]:
        import difflib
        print("\n".join(difflib.unified_diff(answers[0].splitlines(), answers[1].splitlines(), "stock", "perlite", lineterm="")))
        sys.exit(1)
    print(f"{len(answers[0].splitlines())} lines are the same")


main()
