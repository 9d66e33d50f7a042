/** What one step of the setup came to, as the setup program reports it. */
export interface SetupStep {
  readonly id: string;
  readonly title: string;
  /** `done`: now; `already`: before; `skipped`: not tried, the detail says why. */
  readonly status: 'done' | 'already' | 'failed' | 'skipped';
  readonly detail: string;
  /** What to do about a failure. */
  readonly fix: string | null;
}

export interface SetupProgress {
  readonly id: string;
  readonly message: string;
  /** How far the step is, 0 to 1, where that can be told. */
  readonly fraction?: number | undefined;
}

/** The function that the setup program exports. */
export type SetUp = (
  place: { readonly dataDir: string },
  options: {
    readonly modelFrom?: string | undefined;
    readonly signal: AbortSignal;
    readonly onProgress: (progress: SetupProgress) => void;
  },
) => Promise<readonly SetupStep[]>;
