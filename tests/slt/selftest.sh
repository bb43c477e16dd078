#!/bin/sh
# The runner itself, against a library known to be good: what passes passes, what fails fails, --update mends it.
# Usage: selftest.sh PERLITE_TEST LIBRARY SELFTEST_FOLDER
runner=$1 library=$2 folder=$3
[ -e "$library" ] || exit 77
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
die() { echo "$1"; exit 1; }

"$runner" --library "$library" "$folder"/passes*.test || die "passes*.test must pass"
"$runner" --library "$library" --junit "$work/junit.xml" "$folder/fails.test" >"$work/out" && die "fails.test must fail"
[ $? -eq 1 ] || die "exit code of a failed test is 1"
grep -q '4 passed, 3 failed, 1 skipped' "$work/out" || die "wrong counts: $(tail -1 "$work/out")"
grep -q '3 of 7 records failed' "$work/junit.xml" || die "wrong JUnit file"
cp "$folder/fails.test" "$work/mended.test"
"$runner" --library "$library" --update "$work/mended.test" >/dev/null || die "--update fails"
"$runner" --library "$library" "$work/mended.test" >/dev/null || die "an updated file must pass"
[ "$(diff "$folder/fails.test" "$work/mended.test" | grep -c '^[<>]')" -eq 8 ] || die "--update changed more than it should"
"$runner" --library /nonexistent "$folder" 2>/dev/null
[ $? -eq 2 ] || die "exit code of a wrong call is 2"
