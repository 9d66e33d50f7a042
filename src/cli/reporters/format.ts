import { isChromaWrapper, isChromaProgram } from '../../core/role-program.ts';
import type { Judgement } from '../../core/verdict.ts';

export { count, formatBytes } from '../../shared/amounts.ts';

/** What it is in a word or two: its role, and the program where one role has two. */
export function describeProcess({ row, role }: Judgement): string {
  const isChroma = isChromaProgram(row);
  if (!isChroma) return role ?? printable(row.name);
  return `${role ?? 'chroma'} ${isChromaWrapper(row) ? 'uv' : 'python'}`;
}

/** Control characters of a hostile name or command line must not reach the terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}
