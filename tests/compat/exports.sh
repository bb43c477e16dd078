#!/bin/sh
# The library exports the public interface and nothing else, and never uses the global operator new.
# Usage: exports.sh LIBRARY LIST
library=$1 list=$2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
nm -D --defined-only "$library" | awk '{ print $3 }' | sort >"$work/exported"
# Names of our own carry a prefix of their own; the checksum VFS is registered by the name its manual page gives.
grep -v '^perlite_\|^libsql_\|^sqlite3_\(un\)\?register_cksumvfs$' "$work/exported" | sort >"$work/public"
sort "$list" >"$work/expected"
if ! diff "$work/expected" "$work/public" >"$work/difference"; then
  echo "exported names differ (< missing, > too many):"
  grep '^[<>]' "$work/difference"
  exit 1
fi
if nm -uC "$library" | grep 'operator new'; then
  echo "the library uses the global operator new"
  exit 1
fi
