import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../helpers/temp-dir.ts';

/** A PATH on which `setpriv` is one that cannot do it, as BusyBox's. */
export function pathWithoutSetpriv(path = process.env.PATH ?? ''): string {
  const folder = tempDir();
  writeFileSync(join(folder, 'setpriv'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  return `${folder}:${path}`;
}

/** Whether the `setpriv` of this machine can tie a child to its parent's life. */
export function hasParentDeath(): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => {
    try {
      return readFileSync(join(folder, 'setpriv')).includes('pdeathsig');
    } catch {
      return false;
    }
  });
}
