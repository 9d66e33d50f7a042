/** The result of one step, as the setup program reports it. */
export interface SetupStep {
  readonly id: string;
  readonly title: string;
  /** `done`: by this run; `already`: before; `skipped`: not tried, for the reason in `detail`. */
  readonly status: 'done' | 'already' | 'failed' | 'skipped';
  readonly detail: string;
  /** The fix for a failure. */
  readonly fix: string | null;
}

export interface SetupProgress {
  readonly id: string;
  readonly message: string;
  /** Progress of the step, 0 to 1, if known. */
  readonly fraction?: number | undefined;
}

/** The export of the setup program. */
export type SetUp = (
  target: { readonly dataDir: string },
  options: {
    readonly modelFrom?: string | undefined;
    readonly signal: AbortSignal;
    readonly onProgress: (progress: SetupProgress) => void;
  },
) => Promise<readonly SetupStep[]>;
