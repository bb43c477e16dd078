#!/bin/sh
# Every opcode is executed by a test: runs tests that are quick and says which opcodes none of them executed.
# Usage: opcodes.sh OPCODES_DEF PROGRAM [ARGUMENTS] [-- PROGRAM [ARGUMENTS]]...; skips (77) where opcodes are not counted.
set -f
definition=$1
shift
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
PERLITE_OPCODE_COVERAGE=$work/executed
export PERLITE_OPCODE_COVERAGE
command=
for word in "$@" --; do
  if [ "$word" != -- ]; then
    command="$command $word"
    continue
  fi
  $command >"$work/log" 2>&1 || { cat "$work/log"; echo "failed:$command"; exit 1; }
  command=
done
[ -s "$work/executed" ] || { echo "this build does not count opcodes"; exit 77; }
sort -u "$work/executed" >"$work/seen"
sed -n 's/^ *OP(\([A-Za-z0-9]*\),.*/\1/p' "$definition" | sort >"$work/all"
comm -23 "$work/all" "$work/seen" | sed 's/$/: never executed/' | grep . && exit 1
echo "$(wc -l <"$work/all") opcodes, all executed"
