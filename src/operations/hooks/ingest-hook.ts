import { renderContext, type ProjectMemory } from './context-text.ts';
import { eventOf } from './event-of-payload.ts';
import type { HookEvent } from './hook-event.ts';
import { parsePayload, type HookPayload } from './hook-payload.ts';
import { messageOf } from '../../shared/errors.ts';
import type { EventSpool } from '../ports/tree.ts';

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

/** How far a hook has come, for whoever has to end it early. */
export interface HookProgress {
  /** The event that is neither with the worker nor on the disk yet. */
  pending?: HookEvent;
  /** The event is stored, or there was none to store. */
  isDone?: boolean;
}

export interface HookResult {
  /** For the host: at the start of a session what is remembered of its project. */
  readonly output?: string | undefined;
  /** Why the event is neither with the worker nor on the disk. */
  readonly failure?: string | undefined;
}

/**
 * Takes one hook in: stores its event by the worker or on the disk for later; at the start of a session also starts the tree if there is
 * none. Never rejects.
 * @param progress is kept up to date, so that the event can be saved if this is ended early.
 */
export async function ingestHook(
  { text, event: named }: HookInput,
  ports: HookPorts,
  progress: HookProgress = {},
): Promise<HookResult> {
  let isStored = false;
  try {
    const payload = parsePayload(text, named);
    const project = ports.projectOf(payload.cwd);
    const event = eventOf(payload, {
      project,
      at: ports.now(),
      transcriptBytes: payload.transcriptPath === undefined ? 0 : ports.sizeOf(payload.transcriptPath),
      digest: ports.digest,
    });
    if (event !== undefined) progress.pending = event;
    const isDelivered = event !== undefined && (await store(event, ports));
    delete progress.pending;
    progress.isDone = isStored = true;
    if (event?.kind !== 'session-start') return {};
    if (!isDelivered) await startIfDown(ports);
    return { output: await contextFor(payload, project, ports) };
  } catch (error) {
    ports.log(isStored ? 'a session is told nothing of earlier ones' : 'a hook was not taken in', error);
    return isStored ? {} : { failure: messageOf(error) };
  }
}

/**
 * Whether the worker has it; otherwise the disk has it.
 * @throws ClaudeMemError if neither has it: then the event is lost.
 */
async function store(event: HookEvent, { spool, deliver, log }: HookPorts): Promise<boolean> {
  let reason: unknown;
  try {
    // What waits for this session goes first: then this waits behind it.
    if (!spool.holdsSession(event.sessionId)) {
      await deliver(event);
      return true;
    }
  } catch (error) {
    reason = error;
  }
  // Before the log: a log that cannot be written must not cost the event.
  spool.add(event);
  if (reason !== undefined) log('the worker did not take an event; it waits on the disk', reason);
  return false;
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
