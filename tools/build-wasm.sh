#!/bin/sh
# Builds themes/default/web/lua.wasm: Debian's Lua source with the shared half
# of core/script, for the browser. Needs Debian's emscripten (842 MB, so not a
# need of ./run; the result is committed):
#   apt-get install --no-install-recommends emscripten dpkg-dev
# Usage: tools/build-wasm.sh [OUTPUT]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
output=${1:-$root/themes/default/web/lua.wasm}
work=${TENON_BUILD:-$root/build}/wasm
version=5.4.4
command -v emcc >/dev/null || {
    echo "build-wasm: emcc is missing: apt-get install" \
         "--no-install-recommends emscripten" >&2
    exit 2
}
mkdir -p "$work/inc" "$work/apt/lists/partial"
cd "$work"

# Debian's patched source, from the machine's own package sources.
if [ ! -d lua5.4-$version/src ]; then
    mkdir -p apt/parts
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian*; do
        [ -f "$file" ] || continue
        sed -e 's/^deb /deb-src /' -e 's/^Types:.*/Types: deb-src/' \
            "$file" >"apt/parts/$(basename "$file")"
    done
    options="-o Dir::Etc::SourceList=/dev/null
             -o Dir::Etc::SourceParts=$work/apt/parts
             -o Dir::State::Lists=$work/apt/lists"
    # shellcheck disable=SC2086
    apt-get $options update -qq
    # shellcheck disable=SC2086
    apt-get $options source -qq lua5.4
fi
lua=$work/lua5.4-$version/src
echo '#define DEB_HOST_MULTIARCH "wasm32"' >inc/lua5.4-deb-multiarch.h

cd "$root"
shared="core/base/decimal.c core/script/sandbox.c core/script/wire.c
        core/script/lib_base.c
        core/script/lib_date.c core/script/lib_decimal.c
        core/script/lib_match.c core/script/lib_math.c
        core/script/lib_string.c
        core/script/lib_table.c core/script/lib_text.c
        core/script/logic_core.c core/script/logic_form.c
        core/script/logic_list.c
        core/script/logic_schema.c core/script/wasm/exports.c"
parts="lapi lcode lctype ldebug ldo ldump lfunc lgc llex lmem lobject lopcodes
       lparser lstate lstring ltable ltm lundump lvm lzio lauxlib lbaselib
       lmathlib lstrlib lutf8lib"
sources=
for part in $parts; do
    sources="$sources $lua/$part.c"
done
exports=_logic_alloc,_logic_free,_logic_new,_logic_event,_logic_status
exports=$exports,_logic_text,_logic_text_length,_logic_end
# shellcheck disable=SC2086
emcc -O2 -DNDEBUG -std=gnu11 -sSUPPORT_LONGJMP=wasm \
    -Icore -I"$work/inc" -I"$lua" $shared $sources --no-entry \
    -sEXPORTED_FUNCTIONS=$exports -sALLOW_MEMORY_GROWTH=1 \
    -sINITIAL_MEMORY=2MB -sMAXIMUM_MEMORY=64MB -sTOTAL_STACK=1MB \
    -sFILESYSTEM=0 -o "$work/lua.wasm"
mkdir -p "$(dirname "$output")"
cp "$work/lua.wasm" "$output"
echo "build-wasm: $output, $(wc -c <"$output") bytes"
