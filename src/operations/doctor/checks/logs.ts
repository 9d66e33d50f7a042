import { count } from '../../../core/text/wording.ts';
import { mergeByTime, parseLogLine, type LogLine } from '../../tree/log-lines.ts';
import { pass, warn, type Check } from '../check.ts';

/** The last lines of each log; older errors are history. */
const LINES = 200;
const LONGEST_MESSAGE = 200;
const BAD = new Set(['error', 'fatal']);

export const logsCheck: Check = {
  id: 'logs',
  title: 'Errors in the logs',
  why: 'the last error usually explains the current problem',
  needs: ['data-dir', 'supervisor'],
  run: async ({ logs, status, target }) => {
    const read = [...logs.lastLines(LINES)].map(([name, lines]) => ({ name, lines: lines.map(parseLogLine) }));
    // Errors of an earlier tree no longer matter.
    const since = (await status())?.startedAt ?? '';
    const crash = read.find(({ name }) => name === 'crash')?.lines.at(-1);
    const records = mergeByTime(read.filter(({ name }) => name !== 'crash').map(({ lines }) => lines));
    const errors = records.filter(({ level, time }) => BAD.has(level ?? '') && (time ?? '') >= since);
    const last = errors.at(-1) ?? crash;
    if (last === undefined) return pass(records.length === 0 ? 'nothing logged yet' : 'none in the last lines');
    const found = errors.length === 0 ? 'a crash' : count(errors.length, 'error');
    return warn(`${found} in the last lines; the last: ${describe(last)}`, target.commandLine('logs'));
  },
};

function describe({ role, time, message }: LogLine): string {
  const text = message.slice(0, LONGEST_MESSAGE);
  const where = [role, time].filter((part) => part !== null).join(' ');
  return where === '' ? text : `${text} (${where})`;
}
