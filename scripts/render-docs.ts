// Renders the generated blocks of the documents: `npm run docs`. With --check it changes nothing and fails if one is
// outdated. A block is between `<!-- generated: <id> -->` and `<!-- /generated -->`; scripts/documents/blocks.ts
// defines its contents. The man page is generated as a whole.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { renderBlock } from './documents/blocks.ts';
import { renderManPage } from './documents/man-page.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'docs/commands.md',
  'docs/json.md',
  'docs/history.md',
  'docs/metrics.md',
  'docs/settings.md',
  'docs/snapshots.md',
  'docs/verify.md',
];

const BLOCK = /(<!-- generated: ([\w-]+) -->\n)([^]*?)(<!-- \/generated -->)/g;

const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

// The blocks show output of the built program. With --check the caller has built it.
if (!options.check) execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: ROOT, stdio: 'inherit' });
for (const name of DOCUMENTS) await render(name, (before) => replaceBlocks(name, before));
await render('docs/man/claude-mem.1', renderManPage);

async function render(name: string, renew: (before: string) => Promise<string>): Promise<void> {
  const path = `${ROOT}${name}`;
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const after = await renew(before);
  if (after === before) return;
  if (options.check) {
    process.exitCode = 1;
    console.error(`${name} is out of date; run \`npm run docs\`. First difference:\n${firstDifference(before, after)}`);
  } else {
    writeFileSync(path, after);
    console.log(`rendered ${name}`);
  }
}

async function replaceBlocks(name: string, text: string): Promise<string> {
  const blocks = [...text.matchAll(BLOCK)];
  const opened = text.match(/<!-- generated: /g)?.length ?? 0;
  if (blocks.length === 0 || blocks.length !== opened) throw new Error(`${name}: a generated block is not closed`);
  const rendered = await Promise.all(blocks.map(([, , id]) => renderBlock(id!)));
  return text.replace(
    BLOCK,
    (_block, open: string, _id, _old, close: string) => `${open}${rendered.shift()!}\n${close}`,
  );
}

function firstDifference(before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const line = now.findIndex((text, index) => text !== old[index]);
  return `line ${line + 1}\n- ${old[line] ?? '(end)'}\n+ ${now[line] ?? '(end)'}`;
}
