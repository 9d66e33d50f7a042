import type { FolderAccess } from '../../operations/ports/doctor.ts';
import { ACE_TYPES, type Security } from './native/parse-security.ts';

/** Rights to change a folder or what is in it: write, append, delete, and take over. */
const WRITES = 0x400d_0056;
/** Read the folder, or everything that it means (`GENERIC_READ`). */
const READS = 0x8000_0001 | 0;
const GENERIC_ALL = 0x1000_0000;

/** Accounts that Windows itself has, and which may read and write everything anyway. */
const TRUSTED = /^S-1-(?:5-18|5-32-544|3-0|3-4|5-80-956008885-.*)$/;
const NAMES = new Map([
  ['S-1-1-0', 'Everyone'],
  ['S-1-5-2', 'users of the network'],
  ['S-1-5-4', 'interactive users'],
  ['S-1-5-7', 'anonymous users'],
  ['S-1-5-11', 'authenticated users'],
  ['S-1-5-32-545', 'the group Users'],
  ['S-1-5-32-546', 'guests'],
]);

/**
 * Lists allowed users without subtracting denied ones, so the list may be too long. Entries that only files in the folder inherit count
 * like those of the folder.
 */
export function judgeAccess({ owner, access }: Security, own: string): FolderAccess {
  const ownerText = owner === undefined ? undefined : textOfSid(owner);
  const isOwn = ownerText === undefined || ownerText === own || TRUSTED.test(ownerText);
  // Without a list, every user may do everything.
  if (access === undefined) return { isOwn, writers: ['Everyone'], readers: ['Everyone'] };
  const others = access
    .filter(({ type }) => type === ACE_TYPES.allow)
    .map(({ mask, sid }) => ({ mask, who: textOfSid(sid) }))
    .filter(({ who }) => who !== own && !TRUSTED.test(who));
  const named = (rights: number) => [
    ...new Set(
      others.filter(({ mask }) => (mask & (rights | GENERIC_ALL)) !== 0).map(({ who }) => NAMES.get(who) ?? who),
    ),
  ];
  return { isOwn, writers: named(WRITES), readers: named(READS) };
}

/** Such as S-1-5-18. */
export function textOfSid(sid: Buffer): string {
  const authority = sid.readUIntBE(2, 6);
  const parts = Array.from({ length: sid[1] ?? 0 }, (_, index) => sid.readUInt32LE(8 + 4 * index));
  return ['S', sid[0], authority, ...parts].join('-');
}
