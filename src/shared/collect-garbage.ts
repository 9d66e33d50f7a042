import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** In milliseconds. A full collection of a worker takes some 20 ms. */
const EVERY_MS = 60_000;
/** No collection is worth its time before the heap has grown by this factor since the last one. */
const GROWTH = 1.2;

export interface GarbageCollection {
  readonly everyMs?: number;
  /** Size of the heap, in bytes. */
  readonly heapBytes?: () => number;
  readonly collect?: () => void;
}

/**
 * Collects all garbage once a minute if the heap has grown. V8 by itself fills more than 100 MB with garbage before its
 * first full collection, and keeps them from then on.
 * @returns a function that ends it.
 */
export function collectGarbageWhenGrown({
  everyMs = EVERY_MS,
  heapBytes = () => process.memoryUsage().heapUsed,
  collect = fullCollection(),
}: GarbageCollection = {}): () => void {
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
