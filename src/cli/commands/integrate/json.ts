/** What `integrate --json` prints. */
export interface IntegrateReport {
  readonly schemaVersion: 1;
  readonly command: 'integrate';
  readonly action: 'print' | 'write' | 'remove';
  readonly settings: IntegratedFile;
  /** Null with `--no-mcp`. */
  readonly mcp: IntegratedFile | null;
}

export interface IntegratedFile {
  readonly file: string;
  /** What belongs into it. */
  readonly content: Readonly<Record<string, unknown>>;
  readonly changed: boolean;
  /** What it was before; null where nothing was changed or there was no file. */
  readonly backup: string | null;
}
