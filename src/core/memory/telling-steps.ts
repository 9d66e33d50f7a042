import { isReadOnlyCommand } from './read-only-command.ts';
import { testedCommand } from './step-title.ts';

/** A stored observation, as far as its importance is judged. */
export interface Step {
  readonly type: string;
  readonly title: string;
}

export interface TellingSteps<S extends Step> {
  /** In the given order. */
  readonly steps: readonly S[];
  /** Steps that are left out because they only read or repeat a newer one. */
  readonly leftOut: number;
}

/** Keeps the steps that changed something or report a result, each once. Expects and returns the newest first. */
export function tellingSteps<S extends Step>(newestFirst: readonly S[]): TellingSteps<S> {
  const seen = new Set<string>();
  const steps = newestFirst.filter((step) => {
    const key = `${step.type} ${testedCommand(step.title) ?? step.title}`;
    if (isRoutine(step) || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  return { steps, leftOut: newestFirst.length - steps.length };
}

/** `Bash ls`, as hooks name the observation of a tool. */
const SHELL = /^(?:Failed: )?Bash (?<command>[^]+)$/;
/** Tools that keep the agent's own books. */
const OWN_BOOKS =
  /^(?:Failed: )?(?:Todo[A-Z]|TaskOutput|TaskList|TaskGet|BashOutput|KillShell|ToolSearch|AskUserQuestion|ExitPlanMode)/;

function isRoutine({ type, title }: Step): boolean {
  if (type === 'read') return true;
  const command = SHELL.exec(title)?.groups?.command;
  return command === undefined ? OWN_BOOKS.test(title) : type === 'command' && isReadOnlyCommand(command);
}
