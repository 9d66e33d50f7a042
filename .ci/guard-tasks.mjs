// Writes the tasks of Task Scheduler that the guard would create, as schtasks gets them: node --import tsx .ci/guard-tasks.mjs FOLDER
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderTask } from '../src/core/guard/scheduled-task.ts';

const [folder] = process.argv.slice(2);
const scripts = ['C:\\Users\\u\\.claude-mem\\guard\\run.cmd', "C:\\Users\\a & b's <ä> $x\\.claude-mem\\guard\\run.cmd"];
const intervals = [60, 600, 86_400];
for (const [index, script] of scripts.entries())
  for (const everySeconds of intervals)
    writeFileSync(
      join(folder, `${index}-${everySeconds}.xml`),
      `\ufeff${renderTask({ script, everySeconds })}`,
      'utf16le',
    );
