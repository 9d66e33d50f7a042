import { createServer } from 'node:net';
import { isPluginScript } from '../core/process/role-program.ts';
import type { PortProblem, PortRange, PortUse } from '../operations/ports/port-use.ts';
import { ClaudeMemError, errnoOf } from '../shared/errors.ts';

export interface Address {
  readonly port: number;
  readonly host: string;
}

/** The knowledge of a platform about ports. */
export interface PortKnowledge {
  readonly findPortUse: (address: Address) => PortUse | undefined;
  readonly outgoingPorts: () => PortRange | undefined;
}

const HIGHEST_PORT = 65_535;
/** Lower ports need a privilege. */
const LOWEST_PORT = 1_024;
/** How many ports beside the taken one are tried. */
const PORTS_TRIED = 20;
/** A port of this distance is easy to recognize: 27777 for 37777. */
const DISTANCE = 10_000;
/** `doctor` tries to listen, too. It needs less than this time, in milliseconds. */
const RETRY_AFTER_MS = 50;

/**
 * Checks that a port is free. A port is not an identity: the error names its holder and offers a free port, and no process is ended.
 * @param commandLine makes a command line for the same data dir.
 * @throws ClaudeMemError `port-taken`, `settings`.
 */
export async function assertPortFree(
  address: Address,
  knowledge: PortKnowledge,
  commandLine: (...words: readonly string[]) => string,
): Promise<void> {
  const problem = await findPortProblem(address, knowledge);
  if (problem === undefined) return;
  const { kind, detail, explanation, freePort } = problem;
  if (kind === 'unusable') {
    throw new ClaudeMemError('settings', detail, {
      hint: 'Set CLAUDE_MEM_WORKER_HOST and CLAUDE_MEM_WORKER_PORT to a loopback address and a port above 1023.',
    });
  }
  const why = explanation === undefined ? '' : `${explanation}. `;
  throw new ClaudeMemError('port-taken', detail, {
    hint: `${why}Use another port: ${commandLine('start', '--port', String(freePort ?? 'N'))}`,
  });
}

/** Listens for a moment. A port that looks unused can still be the local port of a connection, and listening then fails. */
export async function findPortProblem(address: Address, knowledge: PortKnowledge): Promise<PortProblem | undefined> {
  const { host, port } = address;
  const errno = await tryTwice(address);
  if (errno === undefined) return undefined;
  const none = { use: undefined, explanation: undefined, freePort: undefined };
  if (errno !== 'EADDRINUSE')
    return { ...none, kind: 'unusable', detail: `the worker cannot listen on ${host}:${port}: ${errno}` };
  const use = knowledge.findPortUse(address);
  const outgoing = rangeAround(port, knowledge.outgoingPorts());
  return {
    ...{ kind: 'taken', detail: describe(port, use), use, explanation: explain(use, outgoing) },
    freePort: await findFreePort(address, outgoing),
  };
}

async function tryTwice(address: Address): Promise<string | undefined> {
  const errno = await tryToListen(address);
  if (errno !== 'EADDRINUSE') return errno;
  await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
  return tryToListen(address);
}

function describe(port: number, use: PortUse | undefined): string {
  if (use?.kind === 'is-closing')
    return `port ${port} is taken by an outgoing connection that was closed, for up to a minute`;
  const holder = use?.process;
  const who =
    holder === undefined
      ? 'another process'
      : `pid ${holder.pid} (${holder.command === '' ? holder.name : holder.command})`;
  if (use?.kind === 'is-connected') return `port ${port} is taken by an outgoing connection of ${who}`;
  if (holder === undefined || !isPluginScript(holder)) return `port ${port} is taken by ${who}`;
  return `port ${port} is taken by the worker of the published claude-mem plugin, ${who}; both can run at the same time on different ports`;
}

function explain(use: PortUse | undefined, outgoing: PortRange | undefined): string | undefined {
  if (outgoing === undefined || use?.kind === 'listens') return undefined;
  return `This system gives the ports ${outgoing.from} to ${outgoing.to} to outgoing connections, so it can happen again`;
}

function rangeAround(port: number, range: PortRange | undefined): PortRange | undefined {
  return range !== undefined && range.from <= port && port <= range.to ? range : undefined;
}

/** Finds a free port that no outgoing connection can take, else the next free one. */
async function findFreePort({ port, host }: Address, outgoing: PortRange | undefined): Promise<number | undefined> {
  for (const next of candidates(port, outgoing))
    if ((await tryToListen({ port: next, host })) === undefined) return next;
  return undefined;
}

function candidates(port: number, outgoing: PortRange | undefined): readonly number[] {
  const above = upwards(port + 1, HIGHEST_PORT);
  if (outgoing === undefined) return above;
  const highest = outgoing.from - 1;
  const usual = port - DISTANCE;
  const first = usual <= highest ? usual : highest - PORTS_TRIED + 1;
  return [...upwards(Math.max(LOWEST_PORT, first), highest), ...above];
}

function upwards(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, Math.min(PORTS_TRIED, to - from + 1)) }, (_, index) => from + index);
}

/** Listens for a moment. The result is the errno, or undefined if it worked. */
async function tryToListen({ port, host }: Address): Promise<string | undefined> {
  const server = createServer();
  const errno = await new Promise<string | undefined>((resolve) => {
    server.once('error', (error) => {
      resolve(errnoOf(error));
    });
    server.listen({ port, host, exclusive: true }, () => {
      resolve(undefined);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return errno;
}
