import type { ChromaDependencies } from '../dependencies.ts';

/** `done`: done now; `already`: done before; `skipped`: not tried, the detail says why. */
export type StepStatus = 'done' | 'already' | 'failed' | 'skipped';

/** The result of one setup step. */
export interface SetupStep {
  readonly id: StepId;
  readonly title: string;
  readonly status: StepStatus;
  readonly detail: string;
  /** How to fix a failure, in one sentence. */
  readonly fix: string | null;
}

export const STEP_TITLES = {
  uvx: 'uvx, which runs Chroma',
  python: 'a Python for it',
  packages: "Chroma's packages",
  model: 'the embedding model',
} as const;

export type StepId = keyof typeof STEP_TITLES;

/** Dependencies of `setup`: those of Chroma, except a role and the vectors. */
export type SetupDependencies = Omit<ChromaDependencies, 'role' | 'vectors'>;

export interface SetupOptions {
  /** `--model-from`: a folder with the model's files, or a tar.gz of it. */
  readonly modelFrom?: string | undefined;
  readonly signal: AbortSignal;
  /** Called when a long operation starts and whenever it makes progress. */
  readonly onProgress?: (progress: SetupProgress) => void;
  /** In milliseconds. */
  readonly bounds?: Partial<SetupBounds>;
}

export interface SetupProgress {
  readonly id: StepId;
  readonly title: string;
  readonly message: string;
  /** From 0 to 1, if known; a download may be larger than announced. */
  readonly fraction?: number;
}

/** Limits for each part, in milliseconds. */
export interface SetupBounds {
  /** Checking what exists. */
  readonly lookMs: number;
  /** Creating a virtual environment and downloading 25 MB into it. */
  readonly installUvMs: number;
  /** Downloading a Python of 30 MB. */
  readonly installPythonMs: number;
  /** Downloading 109 packages, 500 MB unpacked. */
  readonly packagesMs: number;
  /** Downloading a model of 80 MB. */
  readonly modelMs: number;
}

export const SETUP_BOUNDS: SetupBounds = {
  lookMs: 60_000,
  installUvMs: 300_000,
  installPythonMs: 300_000,
  packagesMs: 1_200_000,
  modelMs: 900_000,
};

export function step(id: StepId, status: StepStatus, detail: string, fix: string | null = null): SetupStep {
  return { id, title: STEP_TITLES[id], status, detail, fix };
}

/** Reports progress to the caller. */
export function reportProgress({ onProgress }: SetupOptions, id: StepId, message: string, fraction?: number): void {
  onProgress?.({ id, title: STEP_TITLES[id], message, ...(fraction === undefined ? {} : { fraction }) });
}
