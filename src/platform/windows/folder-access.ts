import type { AccessLists, FolderAccess } from '../../operations/ports/doctor.ts';
import { judgeAccess, textOfSid } from './judge-access.ts';
import { STATUS_ACCESS_DENIED, type WindowsNative, THIS_PROCESS } from './native/load-native.ts';
import { FILE_RIGHTS, makeFolder, openFile } from './native/open-file.ts';
import { closeFolderTo, describePrivateFolder, readSecurity } from './native/security.ts';
import { readUserSid } from './native/user.ts';

/** The access lists of folders, by system calls. */
export function createAccessLists(native: WindowsNative): AccessLists {
  const isDone = (action: (own: Buffer) => boolean): boolean => {
    const own = readUserSid(native, THIS_PROCESS);
    return own !== undefined && action(own);
  };
  return {
    read: (path) => readFolderAccess(native, path),
    close: (path) => isDone((own) => closeFolderTo(native, path, own)),
    makeFolder: (path) => isDone((own) => makeFolder(native, path, describePrivateFolder(own))),
  };
}

function readFolderAccess(native: WindowsNative, path: string): FolderAccess | undefined {
  const own = readUserSid(native, THIS_PROCESS);
  if (own === undefined) return undefined;
  const handle = openFile(native, path, FILE_RIGHTS.readSecurity);
  // Windows never refuses it to the owner.
  if (handle === STATUS_ACCESS_DENIED) return { isOwn: false, writers: [], readers: [] };
  if (handle < 0) return undefined;
  try {
    const security = readSecurity(native, handle);
    return security === undefined ? undefined : judgeAccess(security, textOfSid(own));
  } finally {
    native.close(handle);
  }
}
