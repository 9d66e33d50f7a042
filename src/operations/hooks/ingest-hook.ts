import { renderContext, type ProjectMemory } from './context-text.ts';
import { eventOf } from './event-of-payload.ts';
import type { HookEvent } from './hook-event.ts';
import { parsePayload, type HookPayload } from './hook-payload.ts';
import { messageOf } from '../../shared/errors.ts';
import type { EventSpool } from '../ports/tree.ts';

/** The ports of `ingestHook`. */
export interface HookPorts {
  readonly now: () => Date;
  readonly digest: (text: string) => string;
  readonly projectOf: (cwd: string) => string;
  /** Whether nothing of a session in this place may be stored. */
  readonly isExcluded: (place: { readonly cwd: string; readonly project: string }) => boolean;
  readonly isSkippedTool: (tool: string | undefined) => boolean;
  /** Bytes; 0 if the file does not exist. */
  readonly sizeOf: (file: string) => number;
  /** The assistant's last text in a transcript; undefined if it cannot be read. */
  readonly lastAnswer: (transcript: string) => string | undefined;
  readonly spool: Pick<EventSpool, 'holdsSession' | 'add'>;
  /** Rejects unless the worker of this data dir confirms that the event is stored. */
  readonly deliver: (event: HookEvent) => Promise<void>;
  /** Whether a supervisor answers that has a worker or starts one. */
  readonly isTreeUp: () => Promise<boolean>;
  /** Starts a tree without waiting for it. */
  readonly startTree: () => void;
  /** Reads the memory of all other sessions of the project. */
  readonly readMemory: (project: string, sessionId: string) => Promise<Omit<ProjectMemory, 'project'>>;
  /** Characters of the context for a new session; 0: none. */
  readonly contextCharacters: () => number;
  /** Logs a failure. The message must not contain any of the input. */
  readonly log: (message: string, error?: unknown) => void;
}

export interface HookInput {
  readonly text: string;
  /** From the command line. */
  readonly event: string | undefined;
}

/** The progress of a hook, for a caller that must end it early. */
export interface HookProgress {
  /** The event that neither the worker nor the spool has yet. */
  pending?: HookEvent;
  /** The event is stored, or there is none to store. */
  isDone?: boolean;
}

export interface HookResult {
  /** Output for the host: the context, at the start of a session. */
  readonly output?: string | undefined;
  /** Why neither the worker nor the spool has the event. */
  readonly failure?: string | undefined;
}

/**
 * Ingests one hook: sends its event to the worker, or spools it on disk. At the start of a session, also starts the tree if none runs.
 * Never rejects.
 * @param progress is updated, so that the caller can save the event if it ends the hook early.
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
    if (ports.isExcluded({ cwd: payload.cwd, project })) {
      progress.isDone = true;
      return {};
    }
    const event = eventOf(payload, {
      isSkippedTool: ports.isSkippedTool,
      project,
      at: ports.now(),
      transcriptBytes: payload.transcriptPath === undefined ? 0 : ports.sizeOf(payload.transcriptPath),
      lastAnswer: ports.lastAnswer,
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
    ports.log(isStored ? 'a session starts without context' : 'a hook event could not be stored', error);
    return isStored ? {} : { failure: messageOf(error) };
  }
}

/**
 * Delivers the event, or spools it.
 * @returns whether the worker has it.
 * @throws ClaudeMemError if it could be neither delivered nor spooled; the event is then lost.
 */
async function store(event: HookEvent, { spool, deliver, log }: HookPorts): Promise<boolean> {
  let reason: unknown;
  try {
    // Spooled events of this session must be delivered first, so this one is spooled behind them.
    if (!spool.holdsSession(event.sessionId)) {
      await deliver(event);
      return true;
    }
  } catch (error) {
    reason = error;
  }
  // Before the log: a log error must not lose the event.
  spool.add(event);
  if (reason !== undefined) log('the worker did not accept an event; it is spooled on disk', reason);
  return false;
}

async function startIfDown({ isTreeUp, startTree, log }: HookPorts): Promise<void> {
  try {
    if (!(await isTreeUp())) startTree();
  } catch (error) {
    log('the tree could not be started', error);
  }
}

/** In Claude Code's output format: https://docs.claude.com/en/docs/claude-code/hooks. */
async function contextFor({ sessionId }: HookPayload, project: string, ports: HookPorts): Promise<string | undefined> {
  const most = ports.contextCharacters();
  if (most === 0) return undefined;
  const context = renderContext({ project, ...(await ports.readMemory(project, sessionId)) }, most);
  if (context === undefined) return undefined;
  return JSON.stringify({ hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: context } });
}
