import type { IntegratedFile, IntegrateReport } from './json.ts';
import type { Output } from '../../terminal/output.ts';

/** The settings to be put in by hand, or what was done. */
export function printIntegration({ action, settings, mcp }: IntegrateReport, output: Output): void {
  const files = [settings, ...(mcp === null ? [] : [mcp])];
  if (action === 'print') {
    for (const { file, content } of files) {
      output.note(`For ${file}:`);
      output.data(JSON.stringify(content, undefined, 2));
    }
    output.note('Nothing was changed. To merge them in:  claude-mem integrate --write');
    return;
  }
  for (const file of files) output.text(lineOf(file, action));
  if (action === 'write') output.note('Claude Code uses them from its next session on.');
}

function lineOf({ file, changed, backup }: IntegratedFile, action: 'write' | 'remove'): string {
  if (!changed) return action === 'write' ? `${file}: is as it should be` : `${file}: nothing of ours is in it`;
  const kept = backup === null ? 'it is new' : `before: ${backup}`;
  return `${file}: ${action === 'write' ? 'written' : 'taken out'}, ${kept}`;
}
