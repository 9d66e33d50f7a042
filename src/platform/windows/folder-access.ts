import type { FolderAccess } from '../../operations/ports/doctor.ts';
import { judgeAccess, textOfSid } from './judge-access.ts';
import { type WindowsNative, THIS_PROCESS } from './native/load-native.ts';
import { FILE_RIGHTS, openFile } from './native/open-file.ts';
import { readSecurity } from './native/security.ts';
import { readUserSid } from './native/user.ts';

/** The users besides this one, administrators and Windows that may use a folder; undefined if Windows does not tell. */
export function readFolderAccess(native: WindowsNative, path: string): FolderAccess | undefined {
  const own = readUserSid(native, THIS_PROCESS);
  const handle = openFile(native, path, FILE_RIGHTS.readSecurity);
  if (own === undefined || handle < 0) return undefined;
  try {
    const security = readSecurity(native, handle);
    return security === undefined ? undefined : judgeAccess(security, textOfSid(own));
  } finally {
    native.close(handle);
  }
}
