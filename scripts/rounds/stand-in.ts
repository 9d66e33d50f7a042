import { chmodSync, copyFileSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MODEL_FILES, modelFolder } from '../../src/chroma/embedding-model.ts';

/**
 * Installs a uvx that starts an imitation of Chroma: a `uv` that stays as the parent of a `python`, forwards SIGTERM
 * and ignores SIGINT. The python speaks MCP, keeps documents in memory and, like the real one, does not end with its
 * stdin.
 * @returns the path of the uvx.
 */
export function installStandIn(folder: string): string {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  // Copies, so that the executable has the right name too: a shell that runs the script "tool" in its working
  // directory.
  copyFileSync(realpathSync('/bin/sh'), join(folder, 'uv'));
  symlinkSync(python(), join(folder, 'bin', 'python'));
  writeFileSync(join(folder, 'tool'), WRAPPER);
  writeFileSync(join(folder, 'bin', 'chroma-mcp'), PYTHON);
  const uvx = join(folder, 'uvx');
  writeFileSync(uvx, `#!/bin/sh\ncd '${folder}' && exec '${folder}/uv' tool uvx "$@"\n`);
  for (const path of [uvx, folder, join(folder, 'bin'), join(folder, 'uv')]) chmodSync(path, 0o755);
  return uvx;
}

/** A fake embedding model, without which no Chroma is started. */
export function installModel(home: string): void {
  const folder = modelFolder(home);
  mkdirSync(folder, { recursive: true });
  for (const name of MODEL_FILES) writeFileSync(join(folder, name), 'x');
}

function python(): string {
  const found = ['/usr/bin/python3', '/usr/local/bin/python3'].find((file) => existsSync(file));
  if (found === undefined) throw new Error('the stand-in for Chroma needs a python3');
  return realpathSync(found);
}

const WRAPPER = `trap '' INT
trap 'if [ -n "$child" ]; then kill -TERM $child; else exit 143; fi' TERM
while [ "$1" != chroma-mcp ]; do shift; done
shift
# The shell gives a background job an empty stdin unless it is redirected.
exec 3<&0
"$PWD/bin/python" "$PWD/bin/chroma-mcp" "$@" <&3 3<&- &
child=$!
# The trap interrupts the first wait.
while kill -0 $child 2>/dev/null; do wait $child; done
`;

const PYTHON = `import json, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.alarm(300)
known = {}

def text(value):
    return {"content": [{"type": "text", "text": value if isinstance(value, str) else json.dumps(value)}]}

def call(name, args):
    kept = known.setdefault(args.get("collection_name", ""), [])
    if name == "chroma_get_collection_count":
        return text(str(len(kept)))
    if name == "chroma_get_documents":
        return text({"ids": [id for id in args.get("ids") or [] if id in kept]})
    if name == "chroma_add_documents":
        kept.extend(id for id in args["ids"] if id not in kept)
        return text("Successfully added %d documents" % len(args["ids"]))
    if name == "chroma_query_documents":
        found = kept[: args.get("n_results", 5)]
        return text({"ids": [found], "distances": [[0.1] * len(found)]})
    return text("Successfully done")

def answer(request):
    if request["method"] == "initialize":
        info = {"name": "stand-in", "version": "1"}
        return {"protocolVersion": "2024-11-05", "capabilities": {"tools": {}}, "serverInfo": info}
    if request["method"] == "tools/call":
        return call(request["params"]["name"], request["params"].get("arguments") or {})
    return {}

try:
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request:
            print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": answer(request)}), flush=True)
except Exception:
    pass
while True:
    time.sleep(60)
`;
