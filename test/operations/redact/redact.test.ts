import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeReading, type Reading } from '../../../src/operations/observe/observe.ts';
import type { Personal } from '../../../src/operations/redact/personal-words.ts';
import { redactReading } from '../../../src/operations/redact/redact.ts';
import { redactArguments, redactJson, redactText } from '../../../src/operations/redact/redact-secrets.ts';
import { parseSnapshot, snapshotDocument } from '../../../src/state/files/snapshot-document.ts';
import { machine, row, snapshotOf, uv } from '../../core/builders.ts';
import { judgeWorld, worlds, type World } from '../../core/worlds.ts';

const RECORDINGS = new URL('../../fixtures/recordings/', import.meta.url);
const NOBODY: Personal = { homes: [], users: [] };

const verdictsOf = (reading: Reading) =>
  judgeReading(reading).judgements.map(({ row: { pid }, verdict }) => [pid, verdict]);

/** Everything in it as one text. */
const textOf = (reading: Reading) => JSON.stringify(snapshotDocument(reading));

function readingOf(world: World): Reading {
  const { snapshot, manifests, registries: otherRegistries, answering } = world;
  return { snapshot, dataDir: '/home/u/.claude-mem', manifests, damaged: [], otherRegistries, answering };
}

/** A person of that name in whose home all of this happens; the text of the reading is changed, as it would have been recorded. */
function livedBy(name: string, reading: Reading): Reading {
  return JSON.parse(
    JSON.stringify(reading).replaceAll('/home/u/', `/home/${name}/`).replaceAll('"/home/u"', `"/home/${name}"`),
  ) as Reading;
}

describe('redaction changes no verdict', () => {
  test.each(readdirSync(RECORDINGS).filter((name) => name.endsWith('.json')))('in %s', (name) => {
    const reading = parseSnapshot(readFileSync(new URL(name, RECORDINGS), 'utf8'), name);
    const redacted = redactReading(reading, { homes: ['/home/u'], users: ['u'] });
    expect(verdictsOf(redacted)).toEqual(verdictsOf(reading));
    expect(textOf(redacted)).not.toMatch(/\/home\/u\b/);
    // And what was written can be read again.
    expect(verdictsOf(parseSnapshot(textOf(redacted), name))).toEqual(verdictsOf(reading));
  });

  const names = fc.oneof(
    fc.stringMatching(/^[a-z][a-z0-9_.-]{0,12}[a-z0-9]$/),
    fc.constantFrom('node', 'python', 'chroma', 'claude', 'data', 'mcp', 'u', 'uv', 'user1', 'user2', 'root', 'mem'),
  );

  test('redaction hides homes and keeps the verdicts in any world with any user names', () => {
    fc.assert(
      fc.property(worlds, names, (world, name) => {
        const reading = livedBy(name, readingOf(world));
        const redacted = redactReading(reading, { homes: [`/home/${name}`], users: [name] });
        expect(verdictsOf(redacted)).toEqual(verdictsOf(reading));
        expect(textOf(redacted)).not.toContain(`/home/${name}/`);
      }),
      { numRuns: 200 },
    );
  });

  test('redaction without names keeps the verdicts in any world', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const redacted = redactReading(readingOf(world), NOBODY);
        expect(verdictsOf(redacted)).toEqual(judgeWorld(world).map((judged) => [judged.row.pid, judged.verdict]));
      }),
      { numRuns: 50 },
    );
  });
});

describe('people', () => {
  const DIR = '/home/jane.doe/.claude-mem';
  const orphan = uv(200, 1, {
    sid: 99,
    argv: ['uv', 'tool', 'uvx', 'chroma-mcp', '--data-dir', `${DIR}/chroma`, '--host', 'jane.doe.example'],
    command: `uv tool uvx chroma-mcp --data-dir ${DIR}/chroma --host jane.doe.example`,
    executable: '/home/jane.doe/.local/bin/uv',
    dataDirMark: DIR,
    roleDirectory: '/mnt/jane.doe/chroma',
  });
  const reading: Reading = {
    snapshot: snapshotOf([...machine, orphan, row(300, 70, '/home/bob/bin/tool --for jane.doe')]),
    dataDir: DIR,
    manifests: [],
    damaged: [{ file: `${DIR}/trees/x.json`, kind: 'damaged', reason: 'of jane.doe' }],
    otherRegistries: [{ file: `${DIR}/worker.pid`, content: `{"pid":7,"cwd":"/home/jane.doe/src","by":"bob"}` }],
    answering: [],
  };

  test('do not occur in a redacted reading', () => {
    const text = textOf(redactReading(reading, { homes: ['/home/jane.doe'], users: ['jane.doe'] }));
    expect(text).not.toMatch(/jane|doe|bob/);
    expect(text).toContain('/home/user1/.claude-mem/chroma');
  });

  test('get different replacements', () => {
    const other = uv(400, 1, { argv: ['uvx', 'chroma-mcp', '--data-dir', '/home/bob/.claude-mem/chroma'] });
    const { snapshot } = redactReading(
      { ...reading, snapshot: snapshotOf([...machine, orphan, other]) },
      { homes: ['/home/jane.doe'], users: ['jane.doe'] },
    );
    const folders = [200, 400].map((pid) =>
      snapshot.processes
        .find((process) => process.pid === pid)
        ?.argv?.find((argument) => argument.startsWith('/home/')),
    );
    expect(folders).toEqual(Array(2).fill(expect.stringMatching(/^\/home\/user\d+\/\.claude-mem\/chroma$/)));
    expect(new Set(folders).size).toBe(2);
  });

  test.each([
    ['/root', '/root/.claude-mem', '/'],
    ['/var/lib/jane', '/var/lib/jane/.claude-mem', '/'],
    ['C:\\Users\\Jane Doe', 'C:\\Users\\Jane Doe\\.claude-mem', '\\'],
    ['/home/jane', '/home/jane/.claude-mem', '/'],
  ])('people at home in %s', (home, dataDir, separator) => {
    const redacted = redactReading(
      { ...reading, dataDir, damaged: [], otherRegistries: [] },
      { homes: [home], users: ['jane'] },
    );
    expect(redacted.dataDir.replace(/user\d+/, 'somebody')).toBe(`/home/somebody${separator}.claude-mem`);
  });

  test('people are not taken for a claude-mem folder below a folder called home', () => {
    const redacted = redactReading({ ...reading, dataDir: '/srv/home/.claude-mem' }, NOBODY);
    expect(redacted.dataDir).toBe('/srv/home/.claude-mem');
  });

  test('leave only name, pid and parent of an unrelated process', () => {
    const { snapshot } = redactReading(
      {
        ...reading,
        snapshot: snapshotOf([...machine, row(300, 70, 'psql -c secrets', { executable: '/opt/p/psql' })]),
      },
      NOBODY,
    );
    const left = snapshot.processes.find(({ pid }) => pid === 300);
    expect(left).toMatchObject({ pid: 300, ppid: 70, name: 'psql', command: 'psql' });
    expect(left).not.toHaveProperty('argv');
    expect(left).not.toHaveProperty('executable');
  });

  test('leave no unknown field in a manifest', () => {
    const world = fc.sample(worlds, 50).find(({ manifests }) => manifests.length > 0)!;
    const manifests = world.manifests.map((manifest) => ({ ...manifest, note: 'hunter2' }));
    expect(textOf(redactReading(readingOf({ ...world, manifests }), NOBODY))).not.toContain('hunter2');
  });
});

const SECRET = 'Hunter2-And.More_of+it/x=';

describe('secrets in arguments', () => {
  test.each<[string, string[]]>([
    ['--token X', ['--token', SECRET]],
    ['-token X', ['-token', SECRET]],
    ['--token=X', [`--token=${SECRET}`]],
    ['--api-key X', ['--api-key', SECRET]],
    ['--chroma-api-key=X', [`--chroma-api-key=${SECRET}`]],
    ['--custom-auth-credentials u:X', ['--custom-auth-credentials', `user:${SECRET}`]],
    ['--password X with blanks', ['--password', `${SECRET} and more`]],
    ['KEY=X', [`KEY=${SECRET}`]],
    ['ANTHROPIC_API_KEY=X', ['env', `ANTHROPIC_API_KEY=${SECRET}`, 'uvx']],
    ['AWS_SECRET_ACCESS_KEY=X', [`AWS_SECRET_ACCESS_KEY=${SECRET}`]],
    ['a header', ['-H', `Authorization: Bearer ${SECRET}`]],
    ['a shell line', ['sh', '-c', `DB_PASSWORD='${SECRET}' run --secret ${SECRET}`]],
    ['a URL', [`https://jane:${SECRET}@chroma.example/db`]],
    ['a URL without a name', [`redis://:${SECRET}@cache:6379`]],
    ['JSON', [`{"apiKey":"${SECRET}","n":1}`]],
  ])('%s', (_, argv) => {
    const text = redactArguments(argv).join(' ');
    expect(text).not.toContain('Hunter2');
    expect(text).toContain('[redacted]');
    expect(redactText(argv.join(' '))).not.toContain(SECRET);
  });

  test('secrets in arguments with spaces in one argument', () => {
    expect(redactArguments([`--token=a ${SECRET}`, 'x'])).toEqual(['--token=[redacted]', 'x']);
  });

  test.each([
    'sk-ant-api03-abcdefghijklmnop',
    'sk-proj-ABCDEFGHIJKLMNOP1234',
    'ghp_abcdefghijklmnopqrstuvwxyz0123456789',
    'github_pat_11ABCDEFG0abcdefghijkl_mnop',
    'glpat-abcdefghijklmnopqrst',
    'xoxb-123456789012-abcdefghijkl',
    'AKIAIOSFODNN7EXAMPLE',
    'hf_abcdefghijklmnopqrstuvwx',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl',
  ])('%s at any position', (secret) => {
    for (const argv of [[secret], ['run', `with:${secret}`], [`/path/${secret}/x`]])
      expect(redactArguments(argv).join(' ')).not.toContain(secret);
  });

  test.each([
    [['--data-dir', '/home/u/.claude-mem/chroma']],
    [['--no-auth', '--data-dir', '/home/u/sketches-of-something/.claude-mem']],
    [['--from', 'chroma-mcp==0.2.6', '--with', 'onnxruntime>=1.20', '--python', '>=3.10,<3.14']],
    [['--client-type', 'persistent', '--ssl', 'true', '--host', 'https://chroma.example:8000']],
  ])('and no other arguments: %j', (argv) => {
    expect(redactArguments(argv)).toEqual(argv);
  });
});

describe('secrets in registries', () => {
  test('secrets in registries are redacted by the names of their fields at any depth', () => {
    const content = JSON.stringify({
      pid: 7,
      startToken: '123',
      startedAt: '2026-11-01T10:00:00.000Z',
      env: { OPENAI_API_KEY: SECRET, nested: [{ password: SECRET }, { authToken: [SECRET] }] },
      args: ['--token', SECRET],
      url: `http://u:${SECRET}@x`,
    });
    const redacted = redactJson(content, (text) => text);
    expect(redacted).not.toContain('Hunter2');
    expect(JSON.parse(redacted)).toMatchObject({ pid: 7, startToken: '123', startedAt: '2026-11-01T10:00:00.000Z' });
  });

  test('secrets in registries are redacted in a torn file too', () => {
    expect(redactJson(`{"pid":7,"apiKey":"${SECRET}","to`, (text) => text)).not.toContain('Hunter2');
  });
});
