import * as v from 'valibot';
import { TREE_ID } from '../../core/tree/manifest.ts';

/** Received values are cut to this many characters in error messages. */
const MESSAGE_LENGTH = 200;

/** A whole number from 0 up that JavaScript represents exactly. */
export const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A real process id. 0 is not a process but occurs as a parent. */
export const Pid = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** ISO 8601 with time and offset: without an offset it would mean another moment on another machine. */
export const Timestamp = v.pipe(v.string(), v.check(isTimestamp, 'expected an ISO 8601 date with time and offset'));

/** Inode of a pid namespace. `pid:[4026531836]`, the form of the link in `/proc`, becomes `4026531836`. */
export const PidNamespace = v.pipe(
  v.string(),
  v.regex(/^(?:\d+|pid:\[\d+\])$/, 'expected the inode of a pid namespace'),
  v.transform(normalizePidNamespace),
);

export const TreeId = v.pipe(v.string(), v.regex(TREE_ID, 'expected a tree id'));

/** Keeps only the digits. */
export function normalizePidNamespace(text: string): string {
  return text.replace(/\D/g, '');
}

/** Checks a value. The problem names the field and the reason: `entries[2].identity.pid: Invalid type…`. */
export function check<T>(
  schema: v.GenericSchema<unknown, T>,
  value: unknown,
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string } {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return { ok: true, value: result.output };
  const [issue] = result.issues;
  const path = formatPath(issue.path?.map((item) => item.key) ?? []);
  return { ok: false, problem: printable(path === '' ? issue.message : `${path}: ${issue.message}`) };
}

function isTimestamp(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  );
}

function formatPath(keys: readonly unknown[]): string {
  return keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

/** The file may contain any bytes, and the message goes to a terminal. */
function printable(text: string): string {
  const clean = text.replace(/\p{Cc}/gu, '?');
  return clean.length > MESSAGE_LENGTH ? `${clean.slice(0, MESSAGE_LENGTH)}…` : clean;
}
