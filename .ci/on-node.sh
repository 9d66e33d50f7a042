# The fast tests on another Node: bash .ci/on-node.sh MAJOR. That Node comes from the package registry and stays in a cache folder.
set -euo pipefail
folder=$PWD/.cache/node-$1
node=$folder/node_modules/node/bin/node
if ! "$node" --version 2>/dev/null | grep -q "^v$1\."; then
  rm -rf "$folder" && mkdir -p "$folder"
  npm install --prefix "$folder" --no-audit --no-fund --no-save --no-package-lock "node@$1"
fi
"$node" --version
exec "$node" node_modules/vitest/vitest.mjs run --project fast --project isolated
