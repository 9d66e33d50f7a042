import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderGuardCmd } from '../../../src/core/guard/guard-cmd.ts';
import { renderLaunchAgent } from '../../../src/core/guard/launch-agent.ts';
import { renderTask } from '../../../src/core/guard/scheduled-task.ts';
import { renderService, renderTimer } from '../../../src/core/guard/systemd-units.ts';
import { isXmlText } from '../../../src/core/guard/xml-text.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { hostileName, hostileScript } from './hostile-paths.ts';

const entryOf = (script: string) => ({ name: 'claude-mem-guard-0123abcd', script, everySeconds: 600 });

/** Reads a quoted word as systemd does: escapes, then specifiers, then variables. */
function readSystemdWord(quoted: string): string {
  const bytes: Buffer[] = [];
  const inner = quoted.slice(1, -1);
  for (let at = 0; at < inner.length;) {
    const hex = /^\\x([0-9a-f]{2})/.exec(inner.slice(at));
    const character = String.fromCodePoint(inner.codePointAt(at) ?? 0);
    if (hex !== null) bytes.push(Buffer.from(hex[1] ?? '', 'hex'));
    else if (character === '\\') bytes.push(Buffer.from(inner.charAt(at + 1)));
    else if (character === '"') throw new Error('the word ends early');
    else bytes.push(Buffer.from(character));
    at += hex === null ? (character === '\\' ? 2 : character.length) : 4;
  }
  const text = Buffer.concat(bytes).toString();
  if (/%(?!%)/.test(text.replaceAll('%%', '')) || /\$(?!\$)/.test(text.replaceAll('$$', ''))) throw new Error(text);
  return text.replaceAll('%%', '%').replaceAll('$$', '$');
}

/** Python has a reader of its own for each of these formats. */
function python(program: string, input: string): string {
  const { stdout, stderr } = spawnSync('python3', ['-c', program], { input, encoding: 'utf8' });
  if (stderr !== '') throw new Error(stderr);
  return stdout;
}

describe('systemd units', () => {
  test('any path survives the quotes of a unit, on one line', () => {
    fc.assert(
      fc.property(hostileScript, (script) => {
        const [line] = /^ExecStart=.*$/m.exec(renderService(entryOf(script))) ?? [''];
        expect(line).not.toMatch(/[\p{Cc}]/u);
        expect(readSystemdWord(line.slice('ExecStart=/bin/sh '.length))).toBe(script);
      }),
    );
  });

  test('a percent sign, a dollar, quotes and a line end are escaped', () => {
    expect(renderService(entryOf('/a %h $HOME "x" \\ \n'))).toContain(
      String.raw`ExecStart=/bin/sh "/a %%h $$HOME \"x\" \\ \x0a"`,
    );
  });

  test('a timer never runs at its installation, and repeats after each run', () => {
    expect(renderTimer(entryOf('/x'))).toMatch(/^OnActiveSec=120\nOnUnitActiveSec=600\nAccuracySec=60$/m);
    expect(renderTimer({ ...entryOf('/x'), everySeconds: 60 })).toMatch(
      /^OnActiveSec=60\nOnUnitActiveSec=60\nAccuracySec=6$/m,
    );
  });

  const analyze = spawnSync('systemd-analyze', ['--version']).status === 0;
  test.skipIf(!analyze)(
    'systemd-analyze accepts the units of a hostile path, and finds the script in the command',
    () => {
      const folder = tempDir();
      const script = '/tmp/a %h $HOME "q" \'s\' \\ ä/guard/run.sh';
      writeFileSync(join(folder, 'g.service'), renderService(entryOf(script)));
      writeFileSync(join(folder, 'g.timer'), renderTimer(entryOf(script)));
      const runtime = join(folder, 'run');
      mkdirSync(runtime, { mode: 0o700 });
      const { status, stderr, stdout } = spawnSync(
        'systemd-analyze',
        ['verify', '--user', '--man=no', join(folder, 'g.timer'), join(folder, 'g.service')],
        { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder, XDG_RUNTIME_DIR: runtime } },
      );
      expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes(folder))).toEqual([]);
      expect(status).toBe(0);
    },
  );
});

describe('launchd agents', () => {
  test('a property list reader of another project gets every path back', () => {
    const scripts = fc.sample(hostileScript.filter(isXmlText), 60);
    const program =
      'import plistlib, json, sys\n' +
      'print(json.dumps([plistlib.loads(text.encode()) for text in json.load(sys.stdin)]))';
    const lists = JSON.parse(
      python(program, JSON.stringify(scripts.map((script) => renderLaunchAgent(entryOf(script))))),
    ) as readonly Record<string, unknown>[];
    expect(lists.map(({ ProgramArguments }) => ProgramArguments)).toEqual(scripts.map((script) => ['/bin/sh', script]));
    expect(lists[0]).toMatchObject({
      ...{ Label: 'io.github.claude-mem-guard-0123abcd', StartInterval: 600, RunAtLoad: false },
      ...{ ProcessType: 'Background', Nice: 19, LowPriorityIO: true },
    });
  });

  test('text that XML cannot contain is recognized', () => {
    expect(['/a\u0001', '/a\ud800', '/a\ufffe'].map(isXmlText)).toEqual([false, false, false]);
    expect(isXmlText('/ä 日 \u{1f600}\n&<>')).toBe(true);
  });
});

describe('tasks of Task Scheduler', () => {
  test('a strict XML reader gets every folder back, and each element is one that the schema of Microsoft has', () => {
    const folders = fc
      .sample(hostileName.filter(isXmlText), 60)
      .map((name) => `C:\\Users\\${name.replace(/["*?<>|:\n\r\t\\]/g, '_')}\\.claude-mem\\guard`);
    const program = [
      'import json, sys, xml.etree.ElementTree as tree',
      'ns = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"',
      'def shape(node):',
      '    assert node.tag.startswith(ns), node.tag',
      '    return [node.tag[len(ns):], node.text if len(node) == 0 else [shape(child) for child in node]]',
      'print(json.dumps([shape(tree.fromstring(text.split("?>", 1)[1])) for text in json.load(sys.stdin)]))',
    ].join('\n');
    const shapes = JSON.parse(
      python(program, JSON.stringify(folders.map((folder) => renderTask(entryOf(`${folder}\\run.cmd`))))),
    ) as readonly Shape[];
    expect(shapes.map((shape) => at(shape, 'Actions', 'Exec', 'WorkingDirectory'))).toEqual(folders);
    const [first = ['', '']] = shapes;
    expect(namesOf(first)).toEqual(TASK);
    expect(at(first, 'Actions', 'Exec', 'Arguments')).toBe('--headless cmd.exe /d /c .\\run.cmd');
    expect(at(first, 'Triggers', 'TimeTrigger', 'Repetition', 'Interval')).toBe('PT10M');
  });
});

type Shape = readonly [name: string, content: string | readonly Shape[] | null];

function at([, content]: Shape, ...names: readonly string[]): unknown {
  const [name, ...rest] = names;
  if (name === undefined || typeof content === 'string' || content === null) return content;
  const child = content.find(([found]) => found === name);
  return child === undefined ? undefined : at(child, ...rest);
}

function namesOf([name, content]: Shape): readonly unknown[] {
  return typeof content === 'string' || content === null ? [name] : [name, ...content.map(namesOf)];
}

/** The elements that a task exported by Windows has, in its order. */
const TASK = [
  'Task',
  ['RegistrationInfo', ['Description']],
  ['Triggers', ['TimeTrigger', ['Enabled'], ['StartBoundary'], ['Repetition', ['Interval'], ['StopAtDurationEnd']]]],
  ['Principals', ['Principal', ['LogonType'], ['RunLevel']]],
  [
    'Settings',
    ...['MultipleInstancesPolicy', 'DisallowStartIfOnBatteries', 'StopIfGoingOnBatteries', 'StartWhenAvailable'].map(
      (name) => [name],
    ),
    ...['Hidden', 'ExecutionTimeLimit', 'Priority'].map((name) => [name]),
  ],
  ['Actions', ['Exec', ['Command'], ['Arguments'], ['WorkingDirectory']]],
];

describe('the script for Windows', () => {
  test('it names its data dir by its own path, and a percent sign of a user is doubled', () => {
    const script = renderGuardCmd({
      launcher: 'C:\\50% off\\claude-mem.cmd',
      folders: [['C:\\x'], ['C:\\n\\v', '\\bin']],
      include: ['excess'],
    });
    expect(script).toContain(
      'set "candidate=C:\\50%% off\\claude-mem.cmd"\r\ncall :try\r\nset "candidate=C:\\x\\claude-mem.cmd"\r\n',
    );
    expect(script).toContain('set "candidate=%APPDATA%\\npm\\claude-mem.cmd"');
    expect(script).toContain('guard run --include excess --data-dir "%~dp0.."');
    expect(script).not.toContain('\\v*');
    expect(script.split('\r\n').every((line) => !line.includes('\n'))).toBe(true);
  });
});
