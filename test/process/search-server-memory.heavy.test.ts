// A search server lives as long as its client, which may be weeks.
import { expect, test } from 'vitest';
import { footprintOf } from '../../scripts/bench/footprint.ts';
import { openMemory } from '../memory/open-memory.ts';
import { connectSearchServer } from './search-server-process.ts';

const SEARCHES = 1_500;
/** Without its limits, the heap of V8 grows to more than twice its size in so many searches. */
const MOST_GROWTH = 1.5;

test('a search server keeps its memory and its descriptors over many searches', async () => {
  const { dataDir, remember } = openMemory();
  for (let number = 0; number < 500; number += 1)
    remember(`note ${number} about the slow database query`, 'the database query was slow '.repeat(number % 40));
  const server = await connectSearchServer({ dataDir, env: { CLAUDE_MEM_CHROMA_ENABLED: 'false' } });
  const search = (number: number) => server.call('search', { query: `slow database query ${number % 97}` });
  const fresh = footprintOf(server.identity.pid);
  await search(0);
  const { descriptors } = footprintOf(server.identity.pid);
  for (let number = 1; number < SEARCHES; number += 1) await search(number);
  const used = footprintOf(server.identity.pid);
  expect(used.descriptors).toBeLessThanOrEqual(descriptors);
  expect(used.ownBytes / fresh.ownBytes).toBeLessThan(MOST_GROWTH);
}, 300_000);
