import { count } from '../../../core/text/wording.ts';
import { mergeByTime, parseLogLine, type LogLine } from '../../tree/log-lines.ts';
import { pass, warn, type Check } from '../check.ts';

/** Of each log; what lies further back is history. */
const LINES = 200;
const LONGEST_MESSAGE = 200;
const BAD = new Set(['error', 'fatal']);

export const logsCheck: Check = {
  id: 'logs',
  title: 'Errors in the logs',
  why: 'what went wrong last is usually what goes wrong now',
  needs: ['data-dir', 'supervisor'],
  run: async ({ logs, status, place }) => {
    const read = [...logs.lastLines(LINES)].map(([name, lines]) => ({ name, lines: lines.map(parseLogLine) }));
    // What an earlier tree logged is over.
    const since = (await status())?.startedAt ?? '';
    const crash = read.find(({ name }) => name === 'crash')?.lines.at(-1);
    const records = mergeByTime(read.filter(({ name }) => name !== 'crash').map(({ lines }) => lines));
    const errors = records.filter(({ level, time }) => BAD.has(level ?? '') && (time ?? '') >= since);
    const last = errors.at(-1) ?? crash;
    if (last === undefined) return pass(records.length === 0 ? 'nothing was logged yet' : 'none in the last lines');
    const found = errors.length === 0 ? 'a crash' : count(errors.length, 'error');
    return warn(`${found} in the last lines; the last: ${describe(last)}`, place.commandLine('logs'));
  },
};

function describe({ role, time, message }: LogLine): string {
  const text = message.slice(0, LONGEST_MESSAGE);
  const where = [role, time].filter((part) => part !== null).join(' ');
  return where === '' ? text : `${text} (${where})`;
}
