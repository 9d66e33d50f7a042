import { hashMachineId } from '../machine-id.ts';

/** Hash of the hardware UUID in the output of `ioreg`, 32 hex digits; undefined if there is none. */
export function hashPlatformUuid(ioreg: string): string | undefined {
  const uuid = /"IOPlatformUUID"\s*=\s*"([0-9A-Fa-f-]+)"/.exec(ioreg)?.[1];
  return uuid === undefined ? undefined : hashMachineId(uuid);
}
