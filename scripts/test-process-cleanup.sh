#!/bin/sh
# For those who call the old script: the same lines, and 0 or 1 as before. It counts what belongs to its own tree, by mark and identity,
# and no longer every uvx and python of the machine. Further arguments go to `claude-mem verify`.
here=$(cd "$(dirname "$0")" && pwd)
if [ -f "$here/../dist/cli.js" ]; then
  node "$here/../dist/cli.js" verify --scenario stop "$@"
else
  claude-mem verify --scenario stop "$@"
fi || exit 1
