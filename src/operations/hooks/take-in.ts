import { renderContext, type ProjectMemory } from './context-text.ts';
import { eventOf } from './event-of-payload.ts';
import type { HookEvent } from './hook-event.ts';
import { parsePayload, type HookPayload } from './hook-payload.ts';
import type { EventSpool } from '../tree-ports.ts';

/** What taking a hook in needs of the machine. */
export interface HookPorts {
  readonly now: () => Date;
  readonly digest: (text: string) => string;
  readonly projectOf: (cwd: string) => string;
  /** 0 where there is none. */
  readonly sizeOf: (file: string) => number;
  readonly spool: Pick<EventSpool, 'holdsSession' | 'add'>;
  /** Rejects unless the worker of this data dir says that it is stored. */
  readonly deliver: (event: HookEvent) => Promise<void>;
  /** Whether a supervisor answers that has a worker or will have one. */
  readonly isTreeUp: () => Promise<boolean>;
  /** Lets a tree start and does not wait for it. */
  readonly startTree: () => void;
  /** Of sessions other than this one. */
  readonly readMemory: (project: string, sessionId: string) => Promise<Omit<ProjectMemory, 'project'>>;
  /** What went wrong; nothing of what the input holds. */
  readonly log: (message: string, error?: unknown) => void;
}

export interface HookInput {
  readonly text: string;
  /** From the command line. */
  readonly event: string | undefined;
}

/**
 * Takes one hook in: stores what it tells, by the worker or on the disk for later; at the start of a session also starts the tree if there
 * is none. Never rejects: the host must not fail for it.
 * @returns what the host is to be told: of a session's start what is remembered of its project, else undefined.
 */
export async function takeHookIn({ text, event: named }: HookInput, ports: HookPorts): Promise<string | undefined> {
  try {
    const payload = parsePayload(text, named);
    const project = ports.projectOf(payload.cwd);
    const event = eventOf(payload, {
      project,
      at: ports.now(),
      transcriptBytes: payload.transcriptPath === undefined ? 0 : ports.sizeOf(payload.transcriptPath),
      digest: ports.digest,
    });
    if (event === undefined) return undefined;
    const isDelivered = await store(event, ports);
    if (event.kind !== 'session-start') return undefined;
    if (!isDelivered) await startIfDown(ports);
    return await contextFor(payload, project, ports);
  } catch (error) {
    ports.log('a hook was not taken in', error);
    return undefined;
  }
}

async function store(event: HookEvent, ports: HookPorts): Promise<boolean> {
  if (await isStoredNow(event, ports)) return true;
  try {
    ports.spool.add(event);
  } catch (error) {
    ports.log('an event is lost: it could neither be delivered nor kept', error);
  }
  return false;
}

async function isStoredNow(event: HookEvent, { spool, deliver, log }: HookPorts): Promise<boolean> {
  try {
    // What waits for this session goes first: then this waits behind it.
    if (spool.holdsSession(event.sessionId)) return false;
    await deliver(event);
    return true;
  } catch (error) {
    log('the worker did not take an event; it waits on the disk', error);
    return false;
  }
}

async function startIfDown({ isTreeUp, startTree, log }: HookPorts): Promise<void> {
  try {
    if (!(await isTreeUp())) startTree();
  } catch (error) {
    log('the tree could not be started', error);
  }
}

/** As Claude Code takes it: https://docs.claude.com/en/docs/claude-code/hooks. */
async function contextFor({ sessionId }: HookPayload, project: string, ports: HookPorts): Promise<string | undefined> {
  const context = renderContext({ project, ...(await ports.readMemory(project, sessionId)) });
  if (context === undefined) return undefined;
  return JSON.stringify({ hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: context } });
}
