import { count, formatBytes, formatNumber, shortId } from '../core/text/wording.ts';
import type { PageState } from '../worker/page/page-state.ts';
import { formatAge } from '../shared/duration.ts';
import { formatPercent, totalCpu, type CpuUse } from './current-cpu.ts';
import { element, fill, find } from './element.ts';
import { sumKnown } from './points.ts';
import { prose } from './prose.ts';

/** Shows the most important facts: state, memory, leaks, and search mode. */
export function showSummary(state: PageState, cpu: CpuUse): void {
  showBadge(state);
  // A tab shows little more than its title.
  const { leaks } = state.summary;
  document.title = leaks === 0 ? 'claude-mem' : `${count(leaks, 'leak')} · claude-mem`;
  const { version, startedAt, takenAt, dataDir, treeId } = state;
  const up = startedAt === null ? '' : ` · up ${formatAge((Date.parse(takenAt) - Date.parse(startedAt)) / 1000)}`;
  fill('meta', `Version ${version ?? '?'}${up} · tree ${shortId(treeId)} · data dir `, element('code', {}, dataDir));
  fill('figures', ...figures(state, cpu));
}

function showBadge({ state, problem }: PageState): void {
  const badge = find('state');
  badge.hidden = false;
  badge.textContent = state ?? 'supervisor does not answer';
  badge.className = `badge ${state === 'running' && problem === null ? 'well' : 'ill'}`;
}

function figures({ processes, summary, search }: PageState, cpu: CpuUse): readonly Node[] {
  const { leaks } = summary;
  const memory = sumKnown(processes.map(({ memory: { totalBytes } }) => totalBytes));
  return [
    figure(
      'Leaks',
      formatNumber(leaks),
      leaks === 0 ? '' : `using ${formatBytes(summary.leakedMemoryBytes)}`,
      leaks > 0,
    ),
    figure('Processes', String(processes.length), ''),
    figure('Memory', formatBytes(memory), ''),
    figure('CPU', formatPercent(totalCpu(cpu)), ''),
    search.mode === 'semantic'
      ? figure('Search', 'by meaning', 'and by keyword')
      : figure('Search', 'by keyword', search.reason ?? ''),
  ];
}

function figure(title: string, value: string, remark: string, isIll = false): Node {
  return element(
    'div',
    {},
    element('dt', {}, title),
    element('dd', { class: isIll ? 'value ill' : 'value' }, value),
    ...(remark === '' ? [] : [element('dd', { class: 'quiet' }, ...prose(remark))]),
  );
}
