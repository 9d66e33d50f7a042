import { isChromaProgram, isChromaWrapper } from '../../core/process/role-program.ts';
import { formatBytes, formatNumber, printable } from '../../core/text/wording.ts';
import { isLeak, type Judgement } from '../../core/verdicts/verdict.ts';
import { formatAge } from '../../shared/duration.ts';
import type { Chain } from './chains.ts';
import type { LeakGroup } from './groups.ts';

/** Only the first pids are listed. */
const NAMED_PIDS = 8;

/** `60 chroma-mcp (uv + python), 1 worker`: the leaks of some groups, without their owners. */
export function describeLeaks(groups: readonly Pick<LeakGroup, 'chains'>[]): string {
  const kinds = new Map<string, Map<string, number>>();
  for (const chain of groups.flatMap(({ chains }) => chains)) {
    const { name, form } = nameOf(chain);
    const forms = kinds.get(name) ?? new Map<string, number>();
    kinds.set(name, forms.set(form, (forms.get(form) ?? 0) + 1));
  }
  return [...kinds].map(([name, forms]) => describeKind(name, forms)).join(', ');
}

/** `60 chroma-mcp (uv + python) left by worker 4118, which is gone`. */
export function describeGroup(group: LeakGroup, takenAt: string): string {
  const origin = describeOrigin(group, takenAt);
  return `${describeLeaks([group])}${origin === '' ? '' : ` ${origin}`}`;
}

/** The same in at most that many columns: without the state of the owner, or without the owner. A cut pid would name another process. */
export function describeGroupWithin(columns: number, group: LeakGroup, takenAt: string): string {
  const names = describeLeaks([group]).replaceAll(/ \([^)]*\)/g, '');
  const [origin = ''] = describeOrigin(group, takenAt).split(',');
  const texts = [describeGroup(group, takenAt), `${names} ${origin}`.trim(), names];
  return texts.find((text) => text.length <= columns) ?? names;
}

/** `pid 1016, 1036`: the first pids and the number of the others. */
export function describePids(judgements: readonly Judgement[]): string {
  const pids = judgements.map(({ row }) => row.pid);
  const more = pids.length - NAMED_PIDS;
  // A line that counts a single pid is not shorter than the pid.
  if (more <= 1) return `pid ${pids.join(', ')}`;
  return `pid ${pids.slice(0, NAMED_PIDS).join(', ')} and ${formatNumber(more)} more`;
}

/** `2 h to 3 d old`. */
export function describeAges({ newestAgeSeconds, oldestAgeSeconds }: LeakGroup): string {
  const [newest, oldest] = [formatAge(newestAgeSeconds), formatAge(oldestAgeSeconds)];
  return newest === oldest ? `${oldest} old` : `${newest} to ${oldest} old`;
}

/** `4.8 GB`. */
export function describeMemory({ memoryBytes }: Pick<LeakGroup, 'memoryBytes'>): string {
  return memoryBytes === null ? 'memory unknown' : formatBytes(memoryBytes);
}

/** `left by worker 4118, which is gone`; empty if nothing is known about the owner. */
export function describeOrigin(group: LeakGroup, takenAt: string): string {
  const { owner, sessionId } = group;
  const verb = isLeak(group) ? 'left' : 'started';
  if (owner === null) return sessionId === null ? '' : `${verb} by a process of session ${sessionId}`;
  const who = `${verb} by ${owner.role ?? 'pid'} ${owner.identity.pid}`;
  if (owner.presence === 'unknown') return who;
  const gone = owner.goneSince === null ? NaN : (Date.parse(takenAt) - Date.parse(owner.goneSince)) / 1000;
  if (owner.presence === 'gone' && gone >= 0) return `${who}, gone for ${formatAge(gone)}`;
  return `${who}, which is ${owner.presence === 'gone' ? 'gone' : 'alive'}`;
}

const CHROMA = 'chroma-mcp';
const PLURALS: Readonly<Record<string, readonly [one: string, several: string]>> = {
  supervisor: ['supervisor', 'supervisors'],
  worker: ['worker', 'workers'],
  search: ['search server', 'search servers'],
  observer: ['observer', 'observers'],
};

function nameOf(chain: Chain): { readonly name: string; readonly form: string } {
  const [{ judgement: head }] = chain;
  const rows = chain.map(({ judgement }) => judgement.row).filter(isChromaProgram);
  if (!rows.includes(head.row)) return { name: head.role ?? printable(head.row.name), form: '' };
  const hasUv = rows.some(isChromaWrapper);
  const hasPython = rows.some((row) => !isChromaWrapper(row));
  return {
    name: CHROMA,
    form: [hasUv ? 'uv' : '', hasPython ? 'python' : ''].filter((part) => part !== '').join(' + '),
  };
}

function describeKind(name: string, forms: ReadonlyMap<string, number>): string {
  const amount = [...forms.values()].reduce((sum, one) => sum + one, 0);
  const number = formatNumber(amount);
  const [one, several] = PLURALS[name] ?? [name, name];
  if (name !== CHROMA) return `${number} ${amount === 1 ? one : several}`;
  const parts = [...forms].map(([form, count]) => (forms.size === 1 ? form : `${formatNumber(count)} ${form}`));
  return `${number} ${name} (${parts.join(', ')})`;
}
