import { type BoundedResult, type RunBounds, runBounded } from '../bounded-run.ts';
import { childEnvironment } from '../environment.ts';
import { usableHome } from '../home.ts';
import { parentDeathPrefix } from '../parent-death.ts';
import type { SetupDependencies } from './step.ts';

export interface ProgramRun extends RunBounds {
  readonly onLine?: ((line: string) => void) | undefined;
}

/**
 * Runs one program of the setup, recorded and marked with the role setup.
 * @throws ChromaFailure if it takes too long or is interrupted; nothing is then left running.
 */
export async function runProgram(
  [program = '', ...programArgs]: readonly string[],
  dependencies: SetupDependencies,
  { onLine, ...bounds }: ProgramRun,
): Promise<BoundedResult> {
  const [file = program, ...args] = [...(await parentDeathPrefix(dependencies.platform)), program, ...programArgs];
  const spawn = {
    file,
    args,
    role: 'setup',
    env: childEnvironment(dependencies, 'setup'),
    cwd: usableHome(dependencies.env),
    ...(onLine === undefined ? {} : { onLine }),
  } as const;
  return await runBounded(spawn, dependencies, bounds);
}

const UNREACHABLE = /NewConnectionError|ProxyError|ConnectTimeout|SSLError|Name or service not known|dns error/;

/** The most informative last line, for users. */
export function lastWord({ exit, output }: BoundedResult): string {
  if (exit.error !== undefined) return exit.error.message;
  // pip prints the cause in its warnings, then claims that the package does not exist.
  const cause = output.findLast((line) => UNREACHABLE.test(line));
  if (cause !== undefined) {
    const reason = /\] ([^'")]+)/.exec(cause)?.[1] ?? UNREACHABLE.exec(cause)?.[0] ?? 'no answer';
    return `the network cannot be reached (${reason})`;
  }
  return output.findLast((line) => /error/i.test(line)) ?? output.at(-1) ?? `exit code ${exit.code ?? '?'}`;
}
