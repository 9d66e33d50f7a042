/** `integrate --json`. */
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
  /** The settings for this file. */
  readonly content: Readonly<Record<string, unknown>>;
  readonly changed: boolean;
  /** Path of the backup; null if nothing was changed or there was no file before. */
  readonly backup: string | null;
  /** Whether the file contained nothing else, and `--remove` deleted it. */
  readonly deleted: boolean;
}
