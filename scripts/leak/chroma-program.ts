import { copyFileSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';

/** How to start a chroma-mcp: the real one or an imitation. */
export interface ChromaProgram {
  readonly command: string;
  /** The arguments before chroma-mcp's own. */
  readonly prefix: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The real one is ready after the handshake, the fixture when it has created a file. */
  readonly readyFolder?: string;
}

export const CHROMA_MCP = 'chroma-mcp==0.2.6';
export const PYTHON_REQUEST = '>=3.10,<3.14';

/** The arguments of chroma-mcp itself. */
export function chromaArguments(directory: string): readonly string[] {
  return ['--client-type', 'persistent', '--data-dir', directory];
}

/** The arguments of uvx that run chroma-mcp; its own follow. */
export function uvxArguments(constraints: string): readonly string[] {
  return ['--python', PYTHON_REQUEST, '--constraints', constraints, '--from', CHROMA_MCP, 'chroma-mcp'];
}

/** The real chroma-mcp, from uv's cache. */
export function realChroma(options: {
  readonly uvx: string;
  readonly constraints: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}): ChromaProgram {
  const prefix = ['--offline', ...uvxArguments(options.constraints)];
  // It reads .env files from its working directory.
  return { command: options.uvx, prefix, cwd: options.home, env: options.env };
}

export interface FixtureOptions {
  /** How its python reacts to SIGTERM; `slow` takes a second. */
  readonly onSigterm?: 'exit' | 'ignore' | 'slow';
}

/**
 * A pair of processes with the names, command lines and behavior of the real ones: the wrapper keeps its python as a
 * child, forwards SIGTERM and ends with it, and ignores SIGINT. If killed, it leaves the python. They are copies of a
 * small shell that run scripts named like uv's arguments, so a thousand of them start in seconds without a compiler.
 * Both end when the pipe they read is closed.
 */
export function fixtureChroma(folder: string, { onSigterm = 'exit' }: FixtureOptions = {}): ChromaProgram {
  const readyFolder = join(folder, 'ready');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  mkdirSync(readyFolder, { recursive: true });
  for (const name of ['uv', join('bin', 'python')]) installShell(join(folder, name));
  // `uv tool uvx …` makes the shell run the script "tool" in its working directory.
  writeFileSync(join(folder, 'tool'), WRAPPER);
  writeFileSync(join(folder, 'bin', 'chroma-mcp'), PYTHON);
  return {
    command: 'uv',
    prefix: ['tool', 'uvx', ...uvxArguments('constraints.txt')],
    cwd: folder,
    env: {
      PATH: [folder, process.env.PATH].join(delimiter),
      FIXTURE_READY: readyFolder,
      FIXTURE_ON_SIGTERM: onSigterm,
    },
    readyFolder,
  };
}

const WRAPPER = `trap '' INT
trap 'if [ -n "$!" ]; then kill -TERM $!; else exit 143; fi' TERM
while [ "$1" != chroma-mcp ]; do shift; done
shift
# The shell gives a background job an empty stdin unless it is redirected.
exec 3<&0
"$PWD/bin/python" "$PWD/bin/chroma-mcp" "$@" <&3 3<&- &
# The trap interrupts the first wait.
while kill -0 $! 2>/dev/null; do wait $!; done
`;

const PYTHON = `case "$FIXTURE_ON_SIGTERM" in
  ignore) trap '' TERM ;;
  slow) trap 'sleep 1; exit 143' TERM ;;
esac
echo $PPID > "$FIXTURE_READY/$$"
read -r _
`;

function installShell(file: string): void {
  if (existsSync(file)) return;
  const shell = SHELLS.find((candidate) => existsSync(candidate) && basename(realpathSync(candidate)) !== 'busybox');
  if (shell === undefined) throw new Error(`the imitation of chroma-mcp needs one of ${SHELLS.join(', ')}`);
  // A copy, so that the executable has the right name too. macOS does not run copies of its own programs.
  if (process.platform === 'darwin') symlinkSync(shell, file);
  else copyFileSync(realpathSync(shell), file);
}

const SHELLS = ['/bin/dash', '/usr/bin/dash', '/bin/bash', '/usr/bin/bash', '/usr/local/bin/bash', '/bin/sh'];
