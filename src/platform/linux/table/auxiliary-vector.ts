/** `AT_PAGESZ` of the auxiliary vector (getauxval(3)). */
const PAGE_SIZE_KEY = 6;

/** Finds the page size in an auxiliary vector: pairs of native words, key and value. */
export function parsePageBytes(vector: Buffer, arch: string): number | undefined {
  const is32Bit = arch === 'arm' || arch === 'ia32';
  const word = is32Bit ? 4 : 8;
  const read = (offset: number): number =>
    is32Bit ? vector.readUInt32LE(offset) : Number(vector.readBigUInt64LE(offset));
  for (let offset = 0; offset + 2 * word <= vector.length; offset += 2 * word) {
    if (read(offset) === PAGE_SIZE_KEY) return read(offset + word);
  }
  return undefined;
}
