import { isObject } from '../../core/is-object.ts';
/** One line of any log. */
export interface LogLine {
  /** ISO 8601; null for a line that is not a JSON record, such as Node's output at a crash. */
  readonly time: string | null;
  readonly level: string | null;
  readonly role: string | null;
  readonly pid: number | null;
  readonly message: string;
  /** All other fields of the record. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Parses one line. A line that is not a JSON record becomes a message without a time. */
export function parseLogLine(text: string): LogLine {
  const record = parseObject(text);
  if (record === undefined) return { time: null, level: null, role: null, pid: null, message: text, fields: {} };
  const { time, level, role, pid, msg, ...fields } = record;
  return {
    time: typeof time === 'string' ? time : null,
    level: typeof level === 'string' ? level : null,
    role: typeof role === 'string' ? role : null,
    pid: typeof pid === 'number' ? pid : null,
    message: typeof msg === 'string' ? msg : text,
    fields,
  };
}

/** Merges the logs of several programs by time. A line without a time stays behind its predecessor. */
export function mergeByTime(logs: readonly (readonly LogLine[])[]): readonly LogLine[] {
  const dated = logs.flatMap((lines) => {
    let last = '';
    return lines.map((line) => ({ line, at: (last = line.time ?? last) }));
  });
  return dated.sort((left, right) => (left.at < right.at ? -1 : left.at > right.at ? 1 : 0)).map(({ line }) => line);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // Not every line is a record.
    return undefined;
  }
}
