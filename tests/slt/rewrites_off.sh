#!/bin/sh
# The corpus with the planner's rewrites off: they change what a query costs, never what it answers. Two files join up
# to 64 tables in an order that only a planner finds in time; they keep the order of joins, one its index look-ups too.
# Usage: rewrites_off.sh PERLITE_TEST SOURCE_DIR; skips (77) when the files are absent.
runner=$1 source=$2
corpus=${PERLITE_SHARED:-$source/../shared}/slt
[ -d "$corpus" ] || { echo "no corpus at $corpus"; exit 77; }
all=-1 join_order=$((1 << 11)) index_access=$((1 << 4 | 1 << 7))  # src/plan/switches.h
find "$corpus" -name '*.test' ! -name select4.test ! -name select5.test -print0 | xargs -0 "$runner" --rewrites-off $all || exit 1
find "$corpus" -name select5.test -exec "$runner" --rewrites-off $((all & ~join_order)) {} + || exit 1
find "$corpus" -name select4.test -exec "$runner" --rewrites-off $((all & ~join_order & ~index_access)) {} +
