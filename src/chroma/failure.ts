/** Why Chroma is not available. Only `broken` and `no-server` attempts cost a process, so only their pauses grow. */
export type FailureKind =
  | 'off'
  | 'closed'
  | 'no-uvx'
  | 'no-model'
  | 'no-python'
  | 'not-cached'
  | 'no-network'
  | 'owned'
  | 'no-server'
  | 'over-limit'
  | 'broken';

/** Chroma is not available; the message explains why, for users. */
export class ChromaFailure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ChromaFailure';
    this.kind = kind;
  }
}

/** Chroma refused the call. The connection remains usable. */
export class ToolError extends Error {
  constructor(tool: string, text: string) {
    super(`${tool}: ${text.slice(0, LONGEST_TEXT)}`);
    this.name = 'ToolError';
  }
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Set if it could not be started at all. */
  readonly error?: Error;
}

const LONGEST_TEXT = 500;

/** uv's message if the cache lacks a package and downloads are disabled. */
const NOT_CACHED = /not found in the cache|network was disabled|set to offline mode|network connectivity is disabled/i;
const NO_PYTHON = /No interpreter found/i;
/** Matches `no Python 3.13 found` with any text in between; one pattern for it would not be linear. */
const saysNoPython = (line: string) => NO_PYTHON.test(line) || (/no Python /i.test(line) && / found/i.test(line));
const NO_NETWORK =
  /error sending request|dns error|Could not connect, are you offline|invalid peer certificate|tunnel error|operation timed out|Failed to fetch|Failed to download/i;
const NO_SERVER = /Could not connect to a Chroma server|Error connecting to HTTP client/i;

/** Explains the end of a uvx from its output. */
export function explainExit(exit: Exit, output: readonly string[], pythonVersion: string): ChromaFailure {
  const text = output.join('\n');
  if (exit.error !== undefined) return new ChromaFailure('broken', `cannot run uvx: ${exit.error.message}`);
  if (NOT_CACHED.test(text)) return new ChromaFailure('not-cached', "Chroma's packages are not on this machine yet");
  if (NO_SERVER.test(text)) return new ChromaFailure('no-server', 'the Chroma server does not answer');
  if (output.some(saysNoPython)) {
    return new ChromaFailure('no-python', `no Python that fits "${pythonVersion}" was found; run claude-mem setup`);
  }
  if (NO_NETWORK.test(text)) return new ChromaFailure('no-network', describeNetwork(output));
  // A process ended by a signal printed no cause.
  const lastWord = exit.signal === null ? lastLine(output) : '';
  return new ChromaFailure('broken', `chroma-mcp ended with ${describeExit(exit)}${lastWord}`);
}

/** uv prints a chain of causes: the first names the request, the last the error. */
function describeNetwork(output: readonly string[]): string {
  const causes = output.filter((line) => /^(?:cause|Caused by):/i.test(line)).map((line) => line.replace(/^.*?: /, ''));
  const wanted = /https?:\/\/[^/`\s]+/.exec(output.join('\n'))?.[0] ?? 'the network';
  const reason = causes.at(-1) ?? output.at(-1) ?? 'no answer';
  return `Chroma's packages are not on this machine yet, and ${wanted} cannot be reached (${reason})`;
}

function describeExit({ code, signal }: Exit): string {
  return signal ?? `exit code ${code ?? 'unknown'}`;
}

function lastLine(output: readonly string[]): string {
  const line = output.findLast((text) => /error|exception/i.test(text)) ?? output.at(-1);
  return line === undefined ? '' : `: ${line.slice(0, LONGEST_TEXT)}`;
}
