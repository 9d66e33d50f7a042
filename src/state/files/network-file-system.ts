import { readFileSync } from 'node:fs';

/** File systems where kernel locks may not work between machines, or not at all. */
const NETWORK_TYPES =
  /^(?:nfs\d?|cifs|smb\d?|smbfs|ncpfs|afs|9p|ceph|lustre|gfs2?|ocfs2|beegfs|gpfs|fuse\.(?:sshfs|s3fs|rclone|glusterfs|ceph.*))$/;

/** The type of the network file system that contains a folder; undefined if it is not on one or the type is unknown. */
export function networkFileSystemOf(folder: string, readMounts = readMountInfo): string | undefined {
  const mounts = readMounts()
    .split('\n')
    .map(parseMount)
    .filter((mount) => mount !== undefined)
    .filter(({ point }) => point === '/' || folder === point || folder.startsWith(`${point}/`));
  // The deepest mount above the folder counts; of several on the same mount point, the last one.
  const nearest = mounts.reduce<Mount | undefined>(
    (best, mount) => (best === undefined || mount.point.length >= best.point.length ? mount : best),
    undefined,
  );
  return nearest !== undefined && NETWORK_TYPES.test(nearest.type) ? nearest.type : undefined;
}

interface Mount {
  readonly point: string;
  readonly type: string;
}

/** `36 35 98:0 /root /mount\\040point rw,noatime master:1 - ext3 /dev/root rw`. */
function parseMount(line: string): Mount | undefined {
  const [before = '', after] = line.split(' - ');
  const point = before.split(' ')[4];
  const type = after?.split(' ')[0];
  if (point === undefined || type === undefined) return undefined;
  return { point: point.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))), type };
}

function readMountInfo(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    // Not Linux, so no mount is known.
    return '';
  }
}
