# Installs and runs the published claude-mem plugin for the heavy checks. Source this file, then call:
#   plugin_install FOLDER   installs its package, its dependencies and Bun (about 20 s, from the registry)
#   plugin_start FOLDER PORT
#   plugin_wake FOLDER PORT   searches, so that its worker starts `uvx chroma-mcp`
#   plugin_stop FOLDER PORT
# Its home is FOLDER/home. Its Chroma uses the packages that claude-mem's tests prepared.

PLUGIN_VERSION=13.25.3

plugin_install() {
  mkdir -p "$1/home" "$1/bun"
  # `npm install claude-mem` resolves packages that the worker does not need, which takes minutes.
  (cd "$1" && npm pack --silent "claude-mem@$PLUGIN_VERSION" >/dev/null && tar xzf claude-mem-*.tgz)
  (cd "$1/package/plugin" && npm install --silent --ignore-scripts --omit=dev --no-audit --no-fund)
  (cd "$1/bun" && npm init -y >/dev/null && npm install --silent --ignore-scripts --no-audit --no-fund bun@1 && node node_modules/bun/install.js)
}

# Runs a command of the plugin in its own environment.
plugin_run() {
  local folder=$1 port=$2 chroma
  shift 2
  chroma=$(dirname "$(ls -t "${CHROMA_CACHE:-$HOME/.cache/claude-mem-test}"/chroma-*/ready.json 2>/dev/null | head -n 1)")
  env HOME="$folder/home" CLAUDE_MEM_DATA_DIR="$folder/home/.claude-mem" CLAUDE_MEM_WORKER_PORT="$port" \
    CLAUDE_MEM_PYTHON_VERSION="$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')" \
    UV_CONSTRAINT="$PLUGIN_CONSTRAINTS" UV_CACHE_DIR="$chroma/uv-cache" PATH="$folder/bun/node_modules/.bin:$chroma/bin:$PATH" \
    bun "$folder/package/plugin/scripts/worker-service.cjs" "$@"
}

plugin_start() { plugin_run "$1" "$2" start >/dev/null; }

# `stop` of the plugin returns up to 3.5 s before its processes are gone, and its worker writes into its home to the end.
plugin_stop() {
  local folder=$1 port=$2 recorded
  recorded=$(plugin_processes "$folder" 2>/dev/null || true)
  plugin_run "$folder" "$port" stop >/dev/null
  for _ in $(seq 100); do
    plugin_lives "$recorded" || return 0
    sleep 0.1
  done
  echo "the plugin's processes have not ended within 10 s of its stop: $recorded"
  return 1
}

# Succeeds while a process that plugin_processes listed is alive.
plugin_lives() {
  local pid started
  while read -r _ pid started; do
    [ -z "$pid" ] || [ "$(plugin_start_ticks "$pid")" != "$started" ] || return 0
  done <<<"$1"
  return 1
}
plugin_start_ticks() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

plugin_wake() {
  local url=http://127.0.0.1:$2
  for _ in $(seq 300); do
    curl -s -o /dev/null "$url/health" && break
    sleep 0.1
  done
  curl -s -m 90 -o /dev/null "$url/api/search?query=anything"
}

# Prints the pid and start of every process that the plugin records, one per line.
plugin_processes() {
  node -e '
    const { readFileSync } = require("node:fs");
    const { processes } = JSON.parse(readFileSync(process.argv[1] + "/home/.claude-mem/supervisor.json", "utf8"));
    for (const [name, { pid }] of Object.entries(processes)) {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      console.log(name, pid, stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
    }' "$1"
}

# Ends every process whose command line names the folder, one by one, as a last resort after a failed check.
plugin_end_all() {
  local pid
  for pid in $(grep -lsF "$1" /proc/[0-9]*/cmdline | cut -d / -f 3); do
    [ "$pid" = $$ ] || kill -9 "$pid" 2>/dev/null || true
  done
}
