import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { identify, signalIfSame } from '../../scripts/leak/identity.mjs';
import { CLI, cleanEnvironment } from '../helpers/run-cli.ts';
import { problemOf } from '../helpers/json-documents.ts';
import { tempDir } from '../helpers/temp-dir.ts';

// There is no runner of GitHub here. This one follows its documentation: expressions are replaced in `env` and `working-directory`, and
// each script runs with `bash --noprofile --norc -eo pipefail FILE`.

/** A check of a fresh checkout runs these tests on that one. */
const ACTION_PATH = process.env.CLAUDE_MEM_TEST_ACTION ?? dirname(dirname(CLI));

interface Step {
  readonly id: string;
  readonly shell: string;
  readonly run: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly 'working-directory'?: string;
}

interface Action {
  readonly inputs: Readonly<
    Record<string, { readonly description: string; readonly default?: string; readonly required?: true }>
  >;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

const action = parse(readFileSync(join(ACTION_PATH, 'action.yml'), 'utf8')) as Action;

interface Played {
  readonly status: number | null;
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly workspace: string;
}

function play(inputs: Readonly<Record<string, string>>): Played {
  const home = tempDir();
  const workspace = join(home, 'a workspace');
  const temp = join(home, '_temp');
  for (const folder of [workspace, join(workspace, 'sub'), temp]) mkdirSync(folder);
  const files = { summary: join(temp, 'summary'), output: join(temp, 'output'), script: join(temp, 'step.sh') };
  writeFileSync(files.summary, '');
  const known = new Map(Object.entries({ 'github.action_path': ACTION_PATH, 'runner.temp': temp }));
  for (const [name, { default: value = '' }] of Object.entries(action.inputs))
    known.set(`inputs.${name}`, inputs[name] ?? value);
  let [status, log]: [number | null, string] = [0, ''];
  for (const step of action.runs.steps) {
    writeFileSync(files.output, '');
    writeFileSync(files.script, step.run);
    const env = Object.entries(step.env ?? {}).map(([name, value]) => [name, replaced(value, known)]);
    const folder = replaced(step['working-directory'] ?? '.', known);
    const ran = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', files.script], {
      cwd: join(workspace, folder),
      encoding: 'utf8',
      env: cleanEnvironment({
        home,
        env: {
          ...{ GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: files.summary, GITHUB_OUTPUT: files.output },
          ...(Object.fromEntries(env) as Record<string, string>),
        },
      }),
    });
    ({ status } = ran);
    log += ran.stdout + ran.stderr;
    for (const [name, value] of outputsIn(readFileSync(files.output, 'utf8')))
      known.set(`steps.${step.id}.outputs.${name}`, value);
    if (status !== 0) break;
  }
  const outputs = Object.entries(action.outputs).map(([name, { value }]) => [name, replaced(value, known)]);
  return {
    ...{ status, log, workspace },
    outputs: Object.fromEntries(outputs) as Played['outputs'],
    summary: readFileSync(files.summary, 'utf8'),
  };
}

function replaced(text: string, known: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\{\{ ([\w.-]+) \}\}/g, (_, name: string) => {
    const value = known.get(name) ?? (name.startsWith('steps.') ? '' : undefined);
    if (value === undefined) throw new Error(`action.yml uses ${name}, which does not exist`);
    return value;
  });
}

function outputsIn(text: string): readonly (readonly [string, string])[] {
  return [...text.matchAll(/^(\w+)<<(.+)\n([^]*?)\n\2$/gm)].map(([, name, , value]) => [name!, value!]);
}

test('every step is a bash script without expressions, in which an input would be run as a part of the script', () => {
  expect(action.runs.using).toBe('composite');
  for (const { shell, run } of action.runs.steps) {
    expect(shell).toBe('bash');
    expect(run).not.toContain('${{');
  }
});

test('docs/verify.md explains every input and output', () => {
  const document = readFileSync(join(ACTION_PATH, 'docs', 'verify.md'), 'utf8');
  for (const name of [...Object.keys(action.inputs), ...Object.keys(action.outputs)])
    expect(document).toContain(`| \`${name}\``);
});

/** The first run may install the packages of a checkout. A slow registry needs minutes. */
const INSTALL_MS = 600_000;

describe.skipIf(process.platform !== 'linux')('the action', () => {
  test(
    'passes if the command leaves nothing behind',
    async () => {
      const { status, log, outputs, summary } = play({ run: 'echo "in $PWD"' });
      expect([status, log]).toEqual([0, expect.stringMatching(/^in .*\/a workspace$/m)]);
      expect(outputs).toMatchObject({ passed: 'true', left: '0' });
      expect(summary).toContain('### Process cleanup');
      expect(await problemOf(JSON.parse(readFileSync(outputs.report!, 'utf8')), 'verify')).toBeUndefined();
    },
    INSTALL_MS,
  );

  test('fails if a process is left, with an annotation, a summary and a JUnit file', () => {
    const { status, log, outputs, summary, workspace } = play({
      run: '(setsid env -i sleep 60 &)',
      ...{ reap: 'true', junit: 'left.xml', 'working-directory': 'sub', settle: '1s' },
    });
    expect(status).toBe(1);
    expect(log).toContain('::error title=claude-mem verify%3A command::');
    expect(outputs).toMatchObject({ passed: 'false', left: '1' });
    expect(summary).toContain('sleep 60');
    expect(readFileSync(join(workspace, 'sub', 'left.xml'), 'utf8')).toContain('<failure');
  });

  test('an allowed process may stay', () => {
    const run = 'sleep 60 >&- 2>&- &\necho $! > pid';
    const played = play({ run, settle: '5s', allow: '^no such program$\n^sleep 60$' });
    const stayed = identify(Number(readFileSync(join(played.workspace, 'pid'), 'utf8')))!;
    expect(signalIfSame(stayed, 'SIGKILL')).toBe(true);
    expect(played).toMatchObject({ status: 0, outputs: { passed: 'true', left: '0' } });
  });

  test('a failing command fails with its own code', () => {
    expect(play({ run: 'false | true\necho unreachable' })).toMatchObject({
      status: 1,
      log: expect.not.stringContaining('unreachable') as string,
      outputs: { passed: 'false', left: '0' },
    });
    expect(play({ run: 'exit 7' })).toMatchObject({ status: 7, outputs: { passed: 'false', left: '0' } });
  });

  test('a wrong input fails, and runs nothing', () => {
    const { status, outputs, workspace } = play({ run: 'touch ran', settle: 'soon' });
    expect([status, outputs]).toEqual([2, { passed: 'false', left: '', report: '' }]);
    expect(existsSync(join(workspace, 'ran'))).toBe(false);
  });

  test('no input is run as a script, and the command gets none of them in its environment', () => {
    const evil = `"; touch ../evil; echo '$(touch ../evil)'`;
    const { workspace, status } = play({ run: 'env > seen', allow: evil, junit: `${evil.replaceAll('/', '_')}.xml` });
    expect(status).toBe(0);
    expect(existsSync(join(dirname(workspace), 'evil'))).toBe(false);
    expect(readFileSync(join(workspace, 'seen'), 'utf8')).not.toMatch(/INPUT_|ACTION_PATH/);
  });
});
