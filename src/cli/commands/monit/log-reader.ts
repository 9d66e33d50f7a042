import { parseLogLine, type LogLine } from '../../../operations/tree/log-lines.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import type { Logs } from '../../context.ts';
import type { ShownLog } from './monit-state.ts';

/** Older lines are in `claude-mem logs`. */
const MOST_LINES = 1_000;

interface OpenLog {
  readonly next: () => readonly string[];
  lines: readonly LogLine[];
}

/** Reads the last lines of logs, each log only while it is shown. */
export class LogReader {
  readonly #logs: Logs;
  readonly #open = new Map<string, OpenLog>();

  constructor(logs: Logs) {
    this.#logs = logs;
  }

  read(name: string): ShownLog {
    const log = this.#open.get(name) ?? { next: this.#logs.tail(name), lines: [] };
    this.#open.set(name, log);
    try {
      const added = log.next().slice(-MOST_LINES).map(parseLogLine);
      if (added.length > 0) log.lines = [...log.lines, ...added].slice(-MOST_LINES);
      return { name, lines: log.lines };
    } catch (error) {
      if (!(error instanceof ClaudeMemError)) throw error;
      return { name, lines: [], problem: `${error.message}. ${error.hint ?? ''}`.trim() };
    }
  }
}
