import type { IntegratedFile, IntegrateReport } from './json.ts';
import type { Output } from '../../terminal/output.ts';

/** Prints the settings to copy, or the changes made. */
export function printIntegration({ action, settings, mcp }: IntegrateReport, output: Output): void {
  const files = [settings, ...(mcp === null ? [] : [mcp])];
  if (action === 'print') {
    for (const { file, content } of files) {
      output.note(`For ${file}:`);
      output.data(JSON.stringify(content, undefined, 2));
    }
    output.note('Nothing was changed. The script that hooks run is written by --write, and by each start of the tree.');
    output.note('To merge these settings into the files:  claude-mem integrate --write');
    return;
  }
  for (const file of files) output.text(lineOf(file, action));
  if (action === 'write') output.note('Claude Code uses these settings from its next session on.');
}

function lineOf({ file, changed, backup, deleted }: IntegratedFile, action: 'write' | 'remove'): string {
  if (!changed) return action === 'write' ? `${file}: already up to date` : `${file}: has no settings of claude-mem`;
  if (action === 'remove') return `${file}: ${deleted ? 'contained nothing else, deleted' : 'settings removed'}`;
  const kept = backup === null ? 'new file' : `backup: ${backup}`;
  return `${file}: settings written, ${kept}`;
}
