import { chromaMemory } from '../../../core/health/tree-memory.ts';
import { shortId } from '../../../core/text/wording.ts';
import { formatBytes } from '../../../core/text/wording.ts';
import { fail, pass, skip, warn, type Check } from '../check.ts';

/** The unit of the setting. */
const BYTES_PER_MB = 1024 * 1024;
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
    const used = `${formatBytes(bytes)}${isProportional ? '' : ' (RSS)'} in tree ${shortId(treeId)}`;
    if (limit === 0) return pass(`${used}, no limit`);
    const of = `${used}, limit ${formatBytes(limit)}`;
    if (bytes > limit) return fail(of, target.commandLine('restart'));
    return bytes > limit * NEAR ? warn(of, target.commandLine('restart')) : pass(of);
  },
};
