import { join } from 'node:path';

/** The folder of the manifests below a data dir. */
export function treesFolder(dataDir: string): string {
  return join(dataDir, 'trees');
}

/** The file of a tree's manifest. */
export function manifestPath(dataDir: string, treeId: string): string {
  return join(treesFolder(dataDir), `${treeId}.json`);
}
