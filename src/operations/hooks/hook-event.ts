/** What a tool did, as it is remembered. */
export interface ToolObservation {
  readonly type: string;
  readonly title: string;
  readonly text: string;
  readonly files: readonly string[];
}

interface Common {
  /** The same for each delivery of one event: what is delivered again is stored once. */
  readonly id: string;
  /** When it happened, ISO 8601; it may be delivered much later. */
  readonly at: string;
  /** The host's own id of the session. */
  readonly sessionId: string;
  readonly project: string;
}

/** What a hook of a coding agent told, ready to be stored: bounded and without secrets. */
export type HookEvent = Common &
  (
    | { readonly kind: 'session-start' | 'stop' | 'session-end' }
    | { readonly kind: 'prompt'; readonly prompt: string }
    | { readonly kind: 'observation'; readonly observation: ToolObservation }
  );

export type HookEventKind = HookEvent['kind'];

/** What Claude Code calls the hooks that are of use, in the order of a session. */
export const HOOK_EVENTS = ['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'Stop', 'SessionEnd'] as const;
