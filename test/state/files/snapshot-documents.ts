import { parseSnapshot } from '../../../src/state/files/snapshot-document.ts';
import { BORN } from '../manifests.ts';

export const ROW = { pid: 7, ppid: 1, startedAt: BORN, name: 'uv', command: 'uv tool uvx chroma-mcp' };

export function aDocument(fields: object = {}): Record<string, unknown> {
  return {
    schemaVersion: 1,
    kind: 'process-snapshot',
    takenAt: BORN,
    platform: 'linux',
    complete: true,
    unreadable: 0,
    dataDir: '/home/u/.claude-mem',
    self: { pid: 999, uid: 1000 },
    processes: [ROW],
    manifests: [],
    otherRegistries: [],
    ...fields,
  };
}

export const parse = (fields: object = {}) => parseSnapshot(JSON.stringify(aDocument(fields)), 'snapshot.json');
