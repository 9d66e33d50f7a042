import { chmodSync, chownSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../../src/state/settings/settings.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { anError } from '../an-error.ts';

const isRoot = process.geteuid?.() === 0;

function aDataDir(config?: unknown): { dataDir: string; file: string } {
  const dataDir = tempDir();
  const file = join(dataDir, 'config.json');
  if (config !== undefined) writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));
  return { dataDir, file };
}

describe('an unknown key of config.json', () => {
  test.each([
    ['CLAUDE_MEM_WORKER_PROT', 'CLAUDE_MEM_WORKER_PORT'],
    ['claude_mem_worker_port', 'CLAUDE_MEM_WORKER_PORT'],
    ['workerPrt', 'workerPort'],
    ['chromaIdleSecond', 'chromaIdleSeconds'],
  ])('%s is an error that suggests %s', (key, nearest) => {
    const { dataDir, file } = aDataDir({ [key]: 37000 });
    expect(() => readSettings(dataDir, {})).toThrow(anError('settings', `${file}: "${key}" is not a setting`));
    let hint: unknown;
    try {
      readSettings(dataDir, {});
    } catch (error) {
      ({ hint } = error as { hint?: string });
    }
    expect(hint).toBe(`Did you mean ${nearest}?`);
  });

  test('the data dir cannot be set in a file inside it', () => {
    const { dataDir } = aDataDir({ CLAUDE_MEM_DATA_DIR: '/x' });
    expect(() => readSettings(dataDir, {})).toThrow(anError('settings', 'CLAUDE_MEM_DATA_DIR'));
  });

  test('known keys in both spellings, $schema, and any environment variable are accepted', () => {
    const { dataDir } = aDataDir({ $schema: 'x', workerPort: 37001, CLAUDE_MEM_CHROMA_ENABLED: false });
    expect(readSettings(dataDir, { CLAUDE_MEM_MODEL: 'x', CLAUDE_MEM_TREE: 'y' })).toMatchObject({
      workerPort: 37001,
      chromaEnabled: false,
    });
  });
});

describe('config.json that is', () => {
  const damages: readonly (readonly [string, (file: string) => void, RegExp])[] = [
    [
      'a folder',
      (file) => {
        mkdirSync(file);
      },
      /is a folder/,
    ],
    [
      'a link',
      (file) => {
        writeFileSync(`${file}.real`, '{}');
        symlinkSync(`${file}.real`, file);
      },
      /is a link/,
    ],
    [
      'larger than 1 MiB',
      (file) => {
        writeFileSync(file, '');
        truncateSync(file, 2 * 1024 * 1024);
      },
      /is larger than/,
    ],
    [
      'torn',
      (file) => {
        writeFileSync(file, '{"a":');
      },
      /is not JSON/,
    ],
  ];
  test.each(damages)('%s is a settings error that names the cause', (_what, damage, message) => {
    const { dataDir, file } = aDataDir();
    damage(file);
    expect(() => readSettings(dataDir, {})).toThrow(anError('settings', message));
  });

  test('a file of another user is refused, a file of root is read', (context) => {
    if (!isRoot) context.skip('needs root: only root can give a file away');
    const { dataDir, file } = aDataDir({ workerPort: 37001 });
    chownSync(file, 65534, 65534);
    expect(() => readSettings(dataDir, {})).toThrow(anError('settings', /belongs to user id 65534/));
    chownSync(file, 0, 0);
    chmodSync(file, 0o644);
    chownSync(dataDir, 65534, 65534);
    expect(readSettings(dataDir, {}).workerPort).toBe(37001);
  });
});
