import { boundedValue } from './bounded-value.ts';
import { closeCutJson } from './close-cut-json.ts';
import { isObject } from '../../core/is-object.ts';

/** The input of a Claude Code hook on stdin, as far as claude-mem uses it (https://docs.claude.com/en/docs/claude-code/hooks). */
export interface HookPayload {
  readonly event: string;
  readonly sessionId: string;
  readonly cwd: string;
  readonly transcriptPath: string | undefined;
  /** SessionStart: startup, resume, clear, compact. */
  readonly source: string | undefined;
  readonly prompt: string | undefined;
  /** Stop: the last text of the assistant; absent from older hosts. */
  readonly lastAnswer: string | undefined;
  readonly toolName: string | undefined;
  /** Input and response are bounded in depth, number and length. */
  readonly toolInput: unknown;
  readonly toolResponse: unknown;
  /** PostToolUseFailure: whether the user stopped the tool. */
  readonly isInterrupted: boolean;
  /** The host's id of this tool use; absent from older hosts. */
  readonly toolUseId: string | undefined;
  /** The raw input: distinguishes two events that are equal within the bounds of the fields above. */
  readonly text: string;
}

/** Characters. Longer values are ignored. */
const LONGEST_ID = 200;
const LONGEST_PATH = 4_096;

/**
 * Reads a hook's input.
 * @param text the content of stdin; its end may be cut off.
 * @param event the event from the command line, for an input that names none.
 * @throws Error whose message does not quote the input.
 */
export function parsePayload(text: string, event: string | undefined): HookPayload {
  const fields = parseObject(text);
  const named = textOf(fields.hook_event_name, LONGEST_ID) ?? event;
  const sessionId = textOf(fields.session_id, LONGEST_ID);
  if (named === undefined) throw new Error('the input names no hook event');
  if (sessionId === undefined) throw new Error('the input names no session');
  return {
    event: named,
    sessionId,
    cwd: textOf(fields.cwd, LONGEST_PATH) ?? '',
    transcriptPath: textOf(fields.transcript_path, LONGEST_PATH),
    source: textOf(fields.source, LONGEST_ID),
    prompt: textOf(fields.prompt, Number.POSITIVE_INFINITY),
    lastAnswer: textOf(fields.last_assistant_message, Number.POSITIVE_INFINITY),
    toolName: textOf(fields.tool_name, LONGEST_ID),
    toolInput: boundedValue(fields.tool_input),
    toolResponse: boundedValue(fields.tool_response ?? fields.error),
    isInterrupted: fields.is_interrupt === true,
    toolUseId: textOf(fields.tool_use_id, LONGEST_ID),
    text,
  };
}

function parseObject(text: string): Record<string, unknown> {
  const value = parseJson(text) ?? parseJson(closeCutJson(text));
  if (isObject(value)) return value;
  throw new Error(text.trim() === '' ? 'the input is empty' : 'the input is not a JSON object');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The input is truncated or not JSON. The caller reports it.
    return undefined;
  }
}

/** Undefined for what is no text, is empty, or is longer than such a thing can be. */
function textOf(value: unknown, longest: number): string | undefined {
  return typeof value === 'string' && value.trim() !== '' && value.length <= longest ? value : undefined;
}
