import { sidAt } from './user.ts';

export const CONTROL = { hasDacl: 0x0004, isProtected: 0x1000, isSelfRelative: 0x8000 } as const;
export const ACE_HEAD_BYTES = 8;
export const ACE_TYPES = { allow: 0, deny: 1 } as const;

export interface AccessEntry {
  readonly type: number;
  /** Inheritance flags. */
  readonly flags: number;
  readonly mask: number;
  readonly sid: Buffer;
}

export interface Security {
  readonly owner: Buffer | undefined;
  /** Undefined if there is no list: every user may do anything. */
  readonly access: readonly AccessEntry[] | undefined;
}

/** Parses a self-relative security descriptor. */
export function parseSecurity(bytes: Buffer): Security {
  const ownerAt = bytes.readUInt32LE(4);
  const daclAt = bytes.readUInt32LE(16);
  const hasDacl = (bytes.readUInt16LE(2) & CONTROL.hasDacl) !== 0 && daclAt !== 0;
  return {
    owner: ownerAt === 0 ? undefined : Buffer.from(sidAt(bytes, ownerAt)),
    access: hasDacl ? parseAccess(bytes, daclAt) : undefined,
  };
}

function parseAccess(bytes: Buffer, start: number): readonly AccessEntry[] {
  const entries: AccessEntry[] = [];
  let at = start + 8;
  for (let left = bytes.readUInt16LE(start + 4); left > 0 && at + ACE_HEAD_BYTES <= bytes.length; left -= 1) {
    const [type = 0, flags = 0] = bytes.subarray(at, at + 2);
    const size = bytes.readUInt16LE(at + 2);
    const mask = bytes.readUInt32LE(at + 4);
    // Entries of other types have other fields before the SID.
    if (type <= ACE_TYPES.deny)
      entries.push({ type, flags, mask, sid: Buffer.from(sidAt(bytes, at + ACE_HEAD_BYTES)) });
    at += Math.max(size, ACE_HEAD_BYTES);
  }
  return entries;
}
