import { expect, test } from 'vitest';
import { loadPlatform } from '../../src/platform/index.ts';

test.each<[NodeJS.Platform, string, string]>([
  ['darwin', 'ps-list', 'ps'],
  ['win32', 'cim', 'cim'],
  ['freebsd', 'ps-list', 'ps'],
  ['openbsd', 'ps-list', 'ps'],
])('%s is read through %s and signalled by %s', async (platform, source, method) => {
  const { table, signaller } = await loadPlatform(platform);
  expect(table.source).toBe(source);
  expect(signaller.method).toBe(method);
});

test.each(['linux', 'android'] as const)('%s is read through procfs', async (platform) => {
  expect((await loadPlatform(platform)).table.source).toBe('procfs');
});

test.runIf(process.platform === 'linux')('readMachine returns the same values as a snapshot', async () => {
  const { table, readMachine } = await loadPlatform();
  const snapshot = await table.snapshot({ dataDir: '/nowhere', recordedPids: new Set(), memory: false });
  expect(snapshot).toMatchObject({ ...readMachine() });
});
