#!/bin/sh
# What the shell writes, to the byte. Usage: run.sh SHELL FOLDER; FOLDER holds NAME.sql and NAME.expected.
# UPDATE=1 writes the expectations.
shell=$1 folder=$2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cp "$folder"/*.csv "$folder"/*.sql "$work" && cd "$work" || exit 2
export LC_ALL=C.UTF-8
failed=0
check() {
  if [ "$UPDATE" = 1 ]; then cp "$1" "$folder/$1"; return; fi
  diff -u "$folder/$1" "$1" || failed=1
}
{ "$shell" :memory: <basics.sql 2>&1; echo "exit code $?"; cat out.json out.csv out.txt; } >basics.expected
check basics.expected
{ "$shell" :memory: <errors.sql 2>&1; echo "exit code $?"; } >errors.expected
check errors.expected
{
  "$shell" :memory: "SELECT 1 AS x, 'a'" ".mode json" "SELECT 2 AS y"; echo "exit code $?"
  "$shell" :memory: "SELECT bad" "SELECT 'not reached'" 2>&1; echo "exit code $?"
  "$shell" -box -header :memory: "SELECT 1 AS one, '日本' AS jp, 'é' AS e"
  echo 'SELECT 1; SELECT 2' | "$shell"
  "$shell" -bail <errors.sql 2>&1; echo "exit code $?"
  "$shell" file.db "CREATE TABLE t(a); INSERT INTO t VALUES(1)"; "$shell" -readonly file.db "INSERT INTO t VALUES(2)" 2>&1; echo "exit code $?"
  "$shell" /nonexistent/file.db "SELECT 1" 2>&1; echo "exit code $?"
  "$shell" -bogus >/dev/null 2>&1; echo "exit code $?"
  "$shell" :memory: ".exit 3"; echo "exit code $?"
} >arguments.expected
check arguments.expected
exit $failed
