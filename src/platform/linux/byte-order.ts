/** The byte order of this machine. Asked without `node:os`, which costs every start a part of a millisecond. */
export const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
