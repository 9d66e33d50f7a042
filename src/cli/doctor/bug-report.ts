import { release } from 'node:os';
import { hidePersonal, type Personal } from '../../operations/personal-words.ts';
import { redactText } from '../../operations/redact-secrets.ts';
import type { CheckResult } from '../../operations/diagnose/diagnose.ts';
import type { DoctorReport } from '../doctor-report.ts';

const SIGNS = { fail: '✖', error: '!', warn: '⚠', pass: '✔', skip: '–' } as const;

/** The findings as Markdown for a bug report, without home paths, user names and secrets. */
export function bugReport({ version, checks, fixed }: DoctorReport, personal: Personal): string {
  const lines = [
    '## claude-mem doctor',
    '',
    `- claude-mem ${version}, Node.js ${process.version}, ${process.platform} ${release()} ${process.arch}`,
    '',
    ...checks.flatMap(describe),
    ...fixed
      .flatMap(({ done, error }) => [...done, ...(error === null ? [] : [error])])
      .map((line) => `- fixed: ${line}`),
    '',
    'If processes are judged wrongly, please add what `claude-mem snapshot --redact` writes.',
  ];
  const hide = hidePersonal(lines, personal);
  return `${lines.map((line) => redactText(hide(line))).join('\n')}\n`;
}

function describe({ id, status, detail, fix }: CheckResult): readonly string[] {
  const line = `- ${SIGNS[status]} **${id}** ${status}: ${detail}`;
  return fix === null || status === 'pass' ? [line] : [line, `  - fix: ${fix}`];
}
