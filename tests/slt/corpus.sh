#!/bin/sh
# The sqllogictest corpus, where it is there: beside the checkout, or where PERLITE_SHARED says.
# Usage: corpus.sh PERLITE_TEST SOURCE_DIR [perlite-test options]; skips (77) when the files are absent.
runner=$1 source=$2
shift 2
corpus=${PERLITE_SHARED:-$source/../shared}/slt
[ -d "$corpus" ] || { echo "no corpus at $corpus"; exit 77; }
exec "$runner" "$@" "$corpus"
