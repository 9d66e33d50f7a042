import type { GuardEntry } from './entry.ts';
import { formatInterval } from './interval.ts';

/** A run waits at most 30 s for the operation lock and 7 s for processes to end; reading a thousand processes takes a second. */
const TIME_LIMIT_S = 300;
/** The first run after a login or an installation, in seconds: a machine that just booted is busy. */
const FIRST_RUN_S = 120;
/** systemd may delay a run by this time to wake the processor less often. Its default is a minute. In seconds. */
const LONGEST_DELAY_S = 60;

/** The service: one run of the script, at the lowest priority. */
export function renderService({ script, everySeconds }: GuardEntry): string {
  return `[Unit]
Description=claude-mem guard: ends leaked processes every ${formatInterval(everySeconds)}

[Service]
Type=oneshot
ExecStart=/bin/sh ${quoteForSystemd(script)}
Nice=19
IOSchedulingClass=idle
TimeoutStartSec=${TIME_LIMIT_S}
`;
}

/**
 * The timer. `OnActiveSec` counts from the activation of the timer: with `OnBootSec`, an installation on a machine that runs for longer
 * would start a run immediately. Intervals count from the last run, so nothing is missed that `Persistent=` could repeat.
 */
export function renderTimer({ everySeconds }: GuardEntry): string {
  return `[Unit]
Description=claude-mem guard: ends leaked processes every ${formatInterval(everySeconds)}

[Timer]
OnActiveSec=${Math.min(everySeconds, FIRST_RUN_S)}
OnUnitActiveSec=${everySeconds}
AccuracySec=${Math.min(Math.floor(everySeconds / 10), LONGEST_DELAY_S)}

[Install]
WantedBy=timers.target
`;
}

/** Quotes a word of a command line in a unit: `%` begins a specifier and `$` a variable, also within quotes. */
function quoteForSystemd(word: string): string {
  const escaped = word
    .replace(/[\\"]/g, String.raw`\$&`)
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$')
    .replace(/\p{Cc}/gu, escapeControl);
  return `"${escaped}"`;
}

function escapeControl(character: string): string {
  const bytes = new TextEncoder().encode(character);
  return Array.from(bytes, (byte) => String.raw`\x${byte.toString(16).padStart(2, '0')}`).join('');
}
