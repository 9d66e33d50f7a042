import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** In milliseconds. A full collection of a worker takes some 20 ms. */
const EVERY_MS = 60_000;
/** No collection is worth its time before the heap has grown by this factor since the last one. */
const GROWTH = 1.2;

export interface GarbageLimit {
  readonly everyMs?: number;
  /** Size of the heap, in bytes. */
  readonly heapBytes?: () => number;
  readonly collect?: () => void;
}

/**
 * Limits the memory for garbage of a process that has much to do: the young generation keeps the size that it has now,
 * instead of doubling up to 32 MB, and the whole heap is collected once a minute if it has grown. V8 by itself fills
 * more than 100 MB with garbage before its first full collection.
 * @returns a function that ends the collections.
 */
export function limitGarbage({
  everyMs = EVERY_MS,
  heapBytes = () => process.memoryUsage().heapUsed,
  collect = fullCollection(),
}: GarbageLimit = {}): () => void {
  setFlagsFromString('--semi-space-growth-factor=1');
  let afterLast = 0;
  const timer = setInterval(() => {
    if (heapBytes() < afterLast * GROWTH) return;
    collect();
    afterLast = heapBytes();
  }, everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

/** V8's own function, which Node.js does not offer without a flag at its start. */
function fullCollection(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return collect;
}
