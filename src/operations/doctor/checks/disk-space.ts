import { formatBytes } from '../../../core/text/wording.ts';
import { fail, pass, warn, type Check } from '../check.ts';

/** With less, writes of SQLite and of manifests may fail at any moment. Bytes. */
const LEAST_BYTES = 50_000_000;
/** Logs rotate at 20 MB per role, and Chroma's packages need 500 MB once. Bytes. */
const SCARCE_BYTES = 1_000_000_000;
const LEAST_INODES = 100;
const SCARCE_INODES = 2_000;

export const diskSpaceCheck: Check = {
  id: 'disk-space',
  title: 'Disk space',
  why: 'on a full disk claude-mem cannot store memories or record processes',
  needs: ['data-dir'],
  run: async ({ target: { dataDir }, folder }) => {
    const { freeBytes, freeInodes, inodes } = await folder.space(dataDir);
    const free = `${formatBytes(freeBytes)} free below ${dataDir}`;
    const fix = 'Free some space on that file system, or choose another one with --data-dir';
    if (freeBytes < LEAST_BYTES) return fail(`only ${free}`, fix);
    if (inodes > 0 && freeInodes < LEAST_INODES) return fail(`${free}, but only ${freeInodes} inodes`, fix);
    if (freeBytes < SCARCE_BYTES) return warn(`only ${free}`, fix);
    if (inodes > 0 && freeInodes < SCARCE_INODES) return warn(`${free}, but only ${freeInodes} inodes`, fix);
    return pass(free);
  },
};
