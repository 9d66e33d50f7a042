import { ClaudeMemError } from './errors.ts';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * Parses `500ms`, `5s`, `10m`, `1h`, `2d`, also with a fraction (`1.5h`). A bare number means seconds.
 * @returns milliseconds, 0 or more
 * @throws ClaudeMemError `usage` for anything else.
 */
export function parseDuration(text: string, setting?: string): number {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim());
  const amount = Number(parts?.[1]);
  const unit = (parts?.[2] ?? 's') as keyof typeof UNIT_MS;
  const ms = amount * UNIT_MS[unit];
  if (parts === null || !Number.isFinite(ms) || ms > Number.MAX_SAFE_INTEGER) {
    throw new ClaudeMemError('usage', `${setting === undefined ? '' : `${setting}: `}"${text}" is not a duration`, {
      hint: 'Use a number with a unit: 500ms, 5s, 10m, 1h, 2d.',
    });
  }
  return ms;
}

/** `45 s`, `12 min`, `3 h`, `10 d`: the largest unit that gives at least 2, so that ages stay short. */
export function formatAge(seconds: number): string {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
