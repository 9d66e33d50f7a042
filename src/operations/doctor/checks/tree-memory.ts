import { BYTES_PER_MB, formatMegabytes } from '../../../core/health/chroma-limits.ts';
import { chromaMemory } from '../../../core/health/tree-memory.ts';
import { formatBytes, shortId } from '../../../core/text/wording.ts';
import { fail, pass, skip, warn, type Check } from '../check.ts';

/** Fraction of the limit above which the check warns. */
const NEAR = 0.8;

export const treeMemoryCheck: Check = {
  id: 'tree-memory',
  title: 'Memory of Chroma',
  why: 'chroma-mcp grows with use; the supervisor recycles it above its limit',
  needs: ['settings', 'process-table', 'manifests'],
  run: async ({ observation, settings, target }) => {
    const limit = settings().chromaMemoryLimitMb * BYTES_PER_MB;
    const trees = [...chromaMemory((await observation()).judgements)];
    const [largest] = trees.sort(([, left], [, right]) => right.bytes - left.bytes);
    if (largest === undefined) return skip('no Chroma is running');
    const [treeId, { bytes, isProportional }] = largest;
    const where = `${isProportional ? '' : ' (RSS)'} in tree ${shortId(treeId)}`;
    if (limit === 0) return pass(`${formatBytes(bytes)}${where}, no limit`);
    const of = `${formatMegabytes(bytes)}${where}, limit ${formatMegabytes(limit)}`;
    if (bytes > limit) return fail(of, target.commandLine('restart'));
    return bytes > limit * NEAR ? warn(of, target.commandLine('restart')) : pass(of);
  },
};
