import { describe, expect, test } from 'vitest';
import { judgeRegistries, parseRegistries } from '../../../src/core/tree/other-installations.ts';
import type { OtherRegistry, ProcessRow } from '../../../src/core/process/snapshot.ts';
import { bornAt, clockAt, indexOf, init, pluginWorker, python, row, uv } from '../builders.ts';

const workerPid = (content: object): OtherRegistry => ({ file: 'worker.pid', content: JSON.stringify(content) });
const supervisorJson = (processes: object): OtherRegistry => ({
  file: 'supervisor.json',
  content: JSON.stringify({ processes }),
});

const worker = pluginWorker(200);
const wrapper = uv(210, 200, { sid: 200 });
const registered = clockAt(3_000);
const chroma = { pid: 210, type: 'chroma', startedAt: registered, pgid: 210 };
const records = [
  workerPid({ pid: 200, port: 37_777, startedAt: clockAt(2_020), startToken: '2000' }),
  supervisorJson({ 'chroma-mcp': chroma }),
];

function judged(registries: readonly OtherRegistry[], rows: readonly ProcessRow[]) {
  const { liveRecords, claims, goneWorkers } = judgeRegistries(registries, indexOf([init, ...rows]));
  return { live: [...liveRecords.keys()], claims: [...claims.keys()], gone: [...goneWorkers.keys()] };
}

describe('a registry entry of another installation', () => {
  test('counts for the live worker and its descendants', () => {
    expect(judged(records, [worker, wrapper])).toEqual({ live: [200, 210], claims: [210], gone: [] });
  });

  test.each<[string, readonly OtherRegistry[], readonly ProcessRow[]]>([
    ['a worker of other start ticks', records, [pluginWorker(200, bornAt(2_001)), wrapper]],
    ['no worker', records, [uv(210, 1, { sid: 200 })]],
    ['a zombie as worker', records, [{ ...worker, state: 'Z' }, uv(210, 1, { sid: 200 })]],
  ])('a registry entry of another installation does not count with %s', (_which, registries, rows) => {
    expect(judged(registries, rows)).toEqual({ live: [], claims: [], gone: [200] });
  });

  test('a start token is compared with start ticks on Linux only, where it is their number', () => {
    const elsewhere = indexOf(
      [init, pluginWorker(200, { ...bornAt(2_000), startTicks: 2_180_518_869_241_980 }), wrapper],
      {
        platform: 'win32',
      },
    );
    const { liveRecords, goneWorkers } = judgeRegistries(records, elsewhere);
    expect([...liveRecords.keys()]).toEqual([200]);
    expect([...goneWorkers.keys()]).toEqual([]);
  });

  test('a registry entry of another installation is only a claim if its process does not descend from the worker', () => {
    expect(judged(records, [worker, uv(210, 1, { sid: 200 })])).toEqual({ live: [200], claims: [210], gone: [] });
  });

  test('a registry entry of another installation does not match a process that reused its pid after the registration', () => {
    expect(judged(records, [worker, uv(210, 200, bornAt(3_100))])).toEqual({ live: [200], claims: [], gone: [] });
  });

  test('a registry entry of another installation does not count for a worker born after the registration', () => {
    const early = supervisorJson({ 'chroma-mcp': { ...chroma, startedAt: clockAt(1_900) } });
    const older = uv(210, 150, bornAt(1_000));
    expect(judged([records[0]!, early], [row(150, 1, 'sh'), worker, older]).live).toEqual([200]);
  });

  test('counts for a worker that only supervisor.json names', () => {
    const only = [
      supervisorJson({ worker: { pid: 200, type: 'worker', startedAt: registered }, 'chroma-mcp': chroma }),
    ];
    expect(judged(only, [worker, wrapper]).live).toEqual([200, 210]);
    expect(judged(only, [pluginWorker(200, bornAt(3_100))]).gone).toEqual([200]);
  });
});

test('no recorded worker is gone by an incomplete listing', () => {
  const index = indexOf([init, python(220, 1, { sid: 200 })], { complete: false });
  expect(judgeRegistries(records, index).goneWorkers.size).toBe(0);
});

test('the writer lock of a Chroma directory records its worker', () => {
  const lock = {
    file: 'lock',
    content: JSON.stringify({ pid: 200, ownerId: 'x', acquiredAt: registered, startToken: '2000' }),
  };
  expect(parseRegistries([lock])).toEqual([
    {
      file: 'lock',
      isWorker: true,
      isObserver: false,
      identity: { pid: 200, startTicks: 2_000, startedAt: registered, isRegistration: true },
    },
  ]);
});

test.each([
  '',
  '{',
  '{"processes":',
  '[]',
  '[1]',
  '"x"',
  '23960',
  'null',
  '{"processes":[]}',
  '{"processes":{"a":1}}',
  '{"pid":"5"}',
  '{"pid":1}',
  '{"pid":0}',
  '{"pid":-7}',
  '{"pid":1.5}',
  '{"processes":{"worker":{"pid":null}}}',
])('a torn or unknown registry yields no records: %s', (content) => {
  expect(parseRegistries([{ file: 'x', content }])).toEqual([]);
});

test.each(['abc', '12x', 'x12', '', null])(
  'an invalid start token %j and an invalid time are omitted',
  (startToken) => {
    const content = { pid: 200, startToken, startedAt: 'yesterday' };
    expect(parseRegistries([workerPid(content)])[0]?.identity).toEqual({ pid: 200, isRegistration: true });
  },
);

test('a record is a worker by its type or by its key', () => {
  const made = parseRegistries([
    supervisorJson({ main: { pid: 200, type: 'worker' }, worker: { pid: 201 }, c: chroma }),
  ]);
  expect(made.map(({ isWorker }) => isWorker)).toEqual([true, true, false]);
});
