/** Layout of the rows of one address family, in bytes. */
export interface RowLayout {
  readonly rowBytes: number;
  readonly portAt: number;
  readonly pidAt: number;
}

/** The rows follow their count. A port has the byte order of the network. */
export function pidOfListener(table: Buffer, port: number, { rowBytes, portAt, pidAt }: RowLayout): number | undefined {
  const count = Math.min(table.readUInt32LE(), Math.floor((table.length - 4) / rowBytes));
  for (let row = 4; row < 4 + count * rowBytes; row += rowBytes)
    if (table.readUInt16BE(row + portAt) === port) return table.readUInt32LE(row + pidAt);
  return undefined;
}
