import { join } from 'node:path';

/** The folder of the manifests below a data dir. */
export function treesFolder(dataDir: string): string {
  return join(dataDir, 'trees');
}

/** The file of a tree's manifest. */
export function manifestPath(dataDir: string, treeId: string): string {
  return join(treesFolder(dataDir), `${treeId}.json`);
}

/** The folder for retired manifests that no command needs to read any more. */
export function retiredFolder(dataDir: string): string {
  return join(treesFolder(dataDir), 'retired');
}
