import { boundedText } from './bounded-text.ts';
import type { FAILURE_EVENT, HOOK_EVENTS, HookEvent, HookEventKind } from './hook-event.ts';
import type { HookPayload } from './hook-payload.ts';
import { withoutPrivate } from '../redact/secrets/private-parts.ts';
import { observationOf } from './tool-observation.ts';

/** Characters. */
const LONGEST_PROMPT = 8_000;
const LONGEST_ANSWER = 4_000;
const LONGEST_PROJECT = 200;

const KINDS: Readonly<Record<(typeof HOOK_EVENTS)[number] | typeof FAILURE_EVENT, HookEventKind>> = {
  SessionStart: 'session-start',
  UserPromptSubmit: 'prompt',
  PostToolUse: 'observation',
  PostToolUseFailure: 'observation',
  Stop: 'stop',
  SessionEnd: 'session-end',
};

/** The answers of claude-mem's own search server are already in its memory. */
const OWN_TOOLS = 'mcp__claude-mem__';

export interface EventSource {
  readonly project: string;
  readonly at: Date;
  /** Size of the host's transcript: distinguishes two equal prompts of one session. */
  readonly transcriptBytes: number;
  /** Whether the user wants nothing of this tool to be stored. */
  readonly isSkippedTool: (tool: string | undefined) => boolean;
  /** The assistant's last text in the host's transcript. */
  readonly lastAnswer: (transcript: string) => string | undefined;
  /** A short digest. */
  readonly digest: (text: string) => string;
}

/** The event to store; undefined for a hook without content, such as an empty prompt. */
export function eventOf(payload: HookPayload, source: EventSource): HookEvent | undefined {
  const kind = Object.hasOwn(KINDS, payload.event) ? KINDS[payload.event as keyof typeof KINDS] : undefined;
  if (kind === undefined || payload.toolName?.startsWith(OWN_TOOLS) === true) return undefined;
  // A user who stops a tool learns nothing from it.
  if (source.isSkippedTool(payload.toolName) || payload.isInterrupted) return undefined;
  const { sessionId } = payload;
  const common = {
    id: idOf(payload, source),
    at: source.at.toISOString(),
    sessionId,
    project: source.project.slice(0, LONGEST_PROJECT),
  };
  if (kind === 'observation') return { ...common, kind, observation: observationOf(payload) };
  if (kind === 'stop') return { ...common, kind, ...answerOf(payload, source) };
  if (kind !== 'prompt') return { ...common, kind };
  const prompt = boundedText(payload.prompt ?? '', LONGEST_PROMPT);
  return prompt === '' ? undefined : { ...common, kind, prompt };
}

function answerOf({ lastAnswer, transcriptPath }: HookPayload, source: EventSource): { readonly answer?: string } {
  const whole = lastAnswer ?? (transcriptPath === undefined ? undefined : source.lastAnswer(transcriptPath));
  const answer = boundedText(withoutPrivate(whole ?? ''), LONGEST_ANSWER);
  return answer === '' ? {} : { answer };
}

/** The host's id of the event if it has one, else a digest of the event and its position in the session. */
function idOf(payload: HookPayload, { transcriptBytes, digest }: EventSource): string {
  const { sessionId, event, toolUseId, text } = payload;
  const own = toolUseId ?? digest(`${transcriptBytes} ${text}`);
  return `claude-code:${sessionId}:${event}:${own}`;
}
