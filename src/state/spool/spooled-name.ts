import { inputName, parseInputName } from '../../core/hooks/hook-script.ts';
import type { SpooledEvent } from '../../operations/ports/tree.ts';

/** `<ms since 1970>-<ns of the monotonic clock>-<pid>.<session>.<attempts>.json`: sorts by time of the event. */
const EVENT_NAME = /^(?<order>(?<ms>\d{14})-\d{20}-\d+)\.(?<session>[0-9a-f]{12})\.(?<attempts>\d+)\.json$/;

/** The parts of the name of a spooled file. */
export type SpooledName = SpooledEvent &
  (
    | { readonly form: 'event'; readonly order: string; readonly writtenAtMs: number; readonly session: string }
    | { readonly form: 'input'; readonly number: number }
  );

/** Undefined for the name of any other file. */
export function parseSpooledName(name: string): SpooledName | undefined {
  const input = parseInputName(name);
  if (input !== undefined) return { name, form: 'input', ...input };
  const { order, ms, session, attempts } = EVENT_NAME.exec(name)?.groups ?? {};
  if (order === undefined || session === undefined) return undefined;
  return { name, form: 'event', attempts: Number(attempts), order, writtenAtMs: Number(ms), session };
}

export function withAttempts(spooled: SpooledName, attempts: number): string {
  if (spooled.form === 'input') return inputName(spooled.number, attempts);
  return `${spooled.order}.${spooled.session}.${attempts}.json`;
}

export function compareSpooled(left: SpooledName, right: SpooledName): number {
  if (left.form === 'input') return right.form === 'input' ? left.number - right.number : 0;
  if (right.form === 'input' || left.order === right.order) return 0;
  return left.order < right.order ? -1 : 1;
}
