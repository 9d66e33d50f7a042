import { release } from 'node:os';
import { escapeHidden } from '../../../core/text/harmless-text.ts';
import { hidePersonal, type Personal } from '../../../operations/redact/personal-words.ts';
import { redactText } from '../../../operations/redact/redact-secrets.ts';
import type { CheckResult } from '../../../operations/doctor/diagnose.ts';
import type { DoctorReport } from './json.ts';

const SIGNS = { fail: '✖', error: '!', warn: '⚠', pass: '✔', skip: '–' } as const;

/** Renders the findings as Markdown for a bug report, without home paths, user names and secrets. */
export function bugReport({ version, checks, fixed }: DoctorReport, personal: Personal): string {
  const repairs = fixed.flatMap(({ done, error }) => [...done, ...(error === null ? [] : [error])]);
  const hide = hidePersonal([...checks.flatMap(({ detail, fix }) => [detail, fix ?? '']), ...repairs], personal);
  const redact = (text: string) => escapeHidden(redactText(hide(text)));
  const lines = [
    '## claude-mem doctor',
    '',
    `- claude-mem ${version}, Node.js ${process.version}, ${process.platform} ${release()} ${process.arch}`,
    '',
    ...checks.flatMap((check) => describe(check, redact)),
    ...repairs.map((line) => `- fixed: ${redact(line)}`),
    '',
    'If a process has the wrong verdict, please attach the output of `claude-mem snapshot --redact`.',
  ];
  return `${lines.join('\n')}\n`;
}

/** Redacts only the findings: the status `pass:` before them would look like a password. */
function describe({ id, status, detail, fix }: CheckResult, redact: (text: string) => string): readonly string[] {
  const line = `- ${SIGNS[status]} **${id}** ${status}: ${redact(detail)}`;
  return fix === null || status === 'pass' ? [line] : [line, `  - fix: ${redact(fix)}`];
}
