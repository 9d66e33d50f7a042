import type { SchedulerKind } from './entry.ts';

const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

/** Limits of the interval, in seconds. One run takes about a tenth of a second. */
export const SHORTEST_INTERVAL_S = MINUTE_S;
export const LONGEST_INTERVAL_S = DAY_S;

/** Why a scheduler cannot run a command at this interval; undefined if it can. */
export function intervalProblem(seconds: number, kind: SchedulerKind): string | undefined {
  if (!(seconds >= SHORTEST_INTERVAL_S && seconds <= LONGEST_INTERVAL_S))
    return 'the interval must be between 1m and 1d';
  if (!Number.isInteger(seconds)) return 'the interval must be a whole number of seconds';
  if (kind === 'task-scheduler' && seconds % MINUTE_S !== 0) return 'the Task Scheduler needs whole minutes';
  if (kind === 'cron' && cronTimes(seconds) === undefined)
    return `cron cannot run a command every ${formatInterval(seconds)}; it can every ${CRON_INTERVALS}`;
  return undefined;
}

const CRON_INTERVALS =
  '1, 2, 3, 4, 5, 6, 10, 12, 15, 20 or 30 minutes, every 1, 2, 3, 4, 6, 8 or 12 hours, or once a day';

/** Once a day means noon: many machines are off at midnight. */
const HOUR_OF_DAILY_RUN = 12;

/** The five time fields of a crontab line; undefined if cron cannot express the interval. */
export function cronTimes(seconds: number): string | undefined {
  if (seconds === DAY_S) return `0 ${HOUR_OF_DAILY_RUN} * * *`;
  const minutes = seconds / MINUTE_S;
  if (Number.isInteger(minutes) && minutes < 60) {
    if (60 % minutes !== 0) return undefined;
    return minutes === 1 ? '* * * * *' : `*/${minutes} * * * *`;
  }
  const hours = seconds / HOUR_S;
  if (!Number.isInteger(hours) || 24 % hours !== 0) return undefined;
  return hours === 1 ? '0 * * * *' : `0 */${hours} * * *`;
}

/** The next moment, after `now`, at which cron runs a line with these times. Local time, as cron. */
export function nextCronRun(seconds: number, now: Date): Date {
  const next = new Date(now);
  next.setSeconds(0, 0);
  if (seconds < HOUR_S) {
    const minutes = seconds / MINUTE_S;
    next.setMinutes((Math.floor(now.getMinutes() / minutes) + 1) * minutes);
  } else if (seconds < DAY_S) {
    const hours = seconds / HOUR_S;
    next.setHours((Math.floor(now.getHours() / hours) + 1) * hours, 0);
  } else {
    next.setHours(HOUR_OF_DAILY_RUN, 0);
    if (next <= now) next.setDate(next.getDate() + 1);
  }
  return next;
}

/** `10m`, `2h`, `90s`: as `--every` accepts it. */
export function formatInterval(seconds: number): string {
  if (seconds % DAY_S === 0) return `${seconds / DAY_S}d`;
  if (seconds % HOUR_S === 0) return `${seconds / HOUR_S}h`;
  return seconds % MINUTE_S === 0 ? `${seconds / MINUTE_S}m` : `${seconds}s`;
}
