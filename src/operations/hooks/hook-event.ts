/** The stored form of one tool use. */
export interface ToolObservation {
  readonly type: string;
  readonly title: string;
  readonly text: string;
  readonly files: readonly string[];
}

interface Common {
  /** The same for each delivery of one event, so that a repeated delivery is stored once. */
  readonly id: string;
  /** Time of the event, ISO 8601. Delivery may be much later. */
  readonly at: string;
  /** The host's id of the session. */
  readonly sessionId: string;
  readonly project: string;
}

/** One hook event of a coding agent, ready to be stored: bounded and without secrets. */
export type HookEvent = Common &
  (
    | { readonly kind: 'session-start' | 'session-end' }
    /** The assistant's last text, if it is known. */
    | { readonly kind: 'stop'; readonly answer?: string | undefined }
    | { readonly kind: 'prompt'; readonly prompt: string }
    | { readonly kind: 'observation'; readonly observation: ToolObservation }
  );

export type HookEventKind = HookEvent['kind'];

/** Claude Code's names of the hooks that claude-mem uses, in the order of a session. */
export const HOOK_EVENTS = ['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'Stop', 'SessionEnd'] as const;

/** The event of a failed tool. Older hosts do not know it and call no hook for such a tool. */
export const FAILURE_EVENT = 'PostToolUseFailure';
