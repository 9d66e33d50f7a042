import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../helpers/temp-dir.ts';

/** A PATH on which `setpriv` does not support the option, like BusyBox's. */
export function pathWithoutSetpriv(path = process.env.PATH ?? ''): string {
  const folder = tempDir();
  writeFileSync(join(folder, 'setpriv'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  return `${folder}:${path}`;
}

/** Whether the `setpriv` of this machine supports the parent-death signal. */
export function hasParentDeath(): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => {
    try {
      return readFileSync(join(folder, 'setpriv')).includes('pdeathsig');
    } catch {
      return false;
    }
  });
}
