import { Chalk } from 'chalk';
import type { LogLine } from '../../../operations/tree/log-lines.ts';
import type { Output } from '../../terminal/output.ts';
import { printable } from '../../terminal/format.ts';

const colored = new Chalk();
const plain = new Chalk({ level: 0 });

/** `12:34:56 worker warn  message key=value`. */
export function formatLogLine(line: LogLine, output: Output): string {
  const paint = output.hasColor ? colored : plain;
  const time = line.time === null ? '' : clockTime(new Date(line.time));
  const level = printable(line.level ?? '');
  const painted = level === 'error' ? paint.red(level) : level === 'warn' ? paint.yellow(level) : paint.gray(level);
  const fields = Object.entries(line.fields)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  const parts = [
    paint.gray(time),
    printable(line.role ?? '').padEnd(10),
    painted,
    printable(line.message),
    paint.gray(printable(fields)),
  ];
  return parts
    .filter((part) => part !== '')
    .join(' ')
    .trimEnd();
}

/** `12:34:56`, local time. Node's own formatting loads the tables of all languages, which takes 29 ms. */
function clockTime(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
