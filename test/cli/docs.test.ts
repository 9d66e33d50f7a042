import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { renderManPage } from '../../scripts/documents/man-page.ts';
import { createProgram } from '../../src/cli/program.ts';
import { cliWiring } from '../../src/wiring/cli.ts';
import { EXIT } from '../../src/cli/exit-code.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'docs/benchmarks.md',
  'docs/commands.md',
  'docs/history.md',
  'docs/hooks.md',
  'docs/json.md',
  'docs/library.md',
  'docs/metrics.md',
  'docs/mutation.md',
  'docs/page.md',
  'docs/platforms.md',
  'docs/rounds.md',
  'docs/settings.md',
  'docs/snapshots.md',
  'docs/verify.md',
];

test.each(DOCUMENTS)('every link of %s has a target', (name) => {
  const text = read(name);
  const anchors = new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) => anchorOf(title!)));
  for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (target!.startsWith('http')) continue;
    const isThere = target!.startsWith('#')
      ? anchors.has(target!.slice(1))
      : existsSync(join(ROOT, dirname(name), target!));
    expect(isThere, target).toBe(true);
  }
});

test.each(['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'])('the files that %s names exist', (name) => {
  const named = [...read(name).matchAll(/`((?:src|test|scripts|docs)\/[\w./-]+)`/g)].map(([, path]) => path!);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('README and CHANGELOG name every command', async () => {
  for (const command of (await createProgram(cliWiring)).commands) {
    expect(read('README.md')).toContain(`| \`${command.name()}\` |`);
    expect(read('CHANGELOG.md')).toContain(`- \`${command.name()}\`:`);
  }
});

test('the package contains the files that its README links to', () => {
  const { files } = JSON.parse(read('package.json')) as { readonly files: readonly string[] };
  const isPacked = (path: string) => files.some((item) => path === item || path.startsWith(`${item}/`));
  const targets = [...read('README.md').matchAll(/\]\(([^)\s#]+)\)/g)].map(([, target]) => target!);
  expect(targets.filter((target) => !target.startsWith('http') && !isPacked(target))).toEqual([]);
});

test('the help of every command fits a terminal of 80 columns', () => {
  const helps = [...read('docs/commands.md').matchAll(/```\n([^]*?)```/g)].flatMap(([, help]) => help!.split('\n'));
  // Command lines are not wrapped.
  expect(helps.filter((line) => line.length > 80 && !line.startsWith('  claude-mem '))).toEqual([]);
});

test('the man page is generated from the current definitions of the commands', async () => {
  expect(read('docs/man/claude-mem.1'), 'run `npm run docs`').toBe(await renderManPage());
});

test('README lists every exit code', () => {
  const listed = [...read('README.md').matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(listed).toEqual(Object.values(EXIT).sort((left, right) => left - right));
});

test('docs/json.md explains every field of its examples', () => {
  const text = read('docs/json.md');
  const examples = [...text.matchAll(/```json\n([^]*?)```/g)].map(([, json]) => JSON.parse(json!) as unknown);
  const explained = new Set([...text.matchAll(/`(\w+)(?:\[\])?`/g)].map(([, name]) => name));
  expect([...new Set(examples.flatMap(keysOf))].filter((key) => !explained.has(key))).toEqual([]);
});

test.each([
  ['ARCHITECTURE.md', 150],
  ['CONTRIBUTING.md', 80],
])('%s is not longer than its limit of lines', (name, most) => {
  expect(read(name).trimEnd().split('\n').length).toBeLessThanOrEqual(most);
});

function read(name: string): string {
  return readFileSync(join(ROOT, name), 'utf8');
}

/** The anchor of a title, as on GitHub. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replaceAll(' ', '-');
}

function keysOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(keysOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...keysOf(item)]);
}
