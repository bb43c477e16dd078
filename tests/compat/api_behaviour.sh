#!/bin/sh
# One program over the public interface, on stock and on Perlite: what it prints must be the same.
# Usage: api_behaviour.sh PROGRAM_ON_STOCK PROGRAM_ON_PERLITE
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
"$1" >"$work/stock" 2>&1 || { echo "fails on stock"; exit 1; }
"$2" >"$work/perlite" 2>&1
code=$?
diff -u "$work/stock" "$work/perlite" || exit 1
[ $code -eq 0 ] || { echo "exit code $code on Perlite"; exit 1; }
