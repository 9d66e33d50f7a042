import type { ChromaDependencies } from '../dependencies.ts';

/** `done`: now; `already`: before; `skipped`: not tried, the detail says why. */
export type StepStatus = 'done' | 'already' | 'failed' | 'skipped';

/** What one step of the preparation came to. */
export interface SetupStep {
  readonly id: StepId;
  readonly title: string;
  readonly status: StepStatus;
  readonly detail: string;
  /** What to do about a failure, in one sentence. */
  readonly fix: string | null;
}

export const STEP_TITLES = {
  uvx: 'uvx, which runs Chroma',
  python: 'a Python for it',
  packages: "Chroma's packages",
  model: 'the embedding model',
} as const;

export type StepId = keyof typeof STEP_TITLES;

/** What `setup` needs from outside: all that a Chroma of one's own needs, but a role and the vectors. */
export type SetupDependencies = Omit<ChromaDependencies, 'role' | 'vectors'>;

export interface SetupOptions {
  /** `--model-from`: a folder with the model's files, or a tar.gz of one. */
  readonly modelFrom?: string | undefined;
  readonly signal: AbortSignal;
  /** Called when something that takes long begins, and whenever there is news of it. */
  readonly onProgress?: (progress: SetupProgress) => void;
  /** All in milliseconds. */
  readonly bounds?: Partial<SetupBounds>;
}

export interface SetupProgress {
  readonly id: StepId;
  readonly title: string;
  readonly message: string;
  /** From 0 to 1, as far as it is known; what is fetched may turn out to be more than was announced. */
  readonly fraction?: number;
}

/** How long each part may take, in milliseconds. */
export interface SetupBounds {
  /** A look at what is there. */
  readonly lookMs: number;
  /** Making a virtual environment and fetching 25 MB into it. */
  readonly installUvMs: number;
  /** Fetching a Python of 30 MB. */
  readonly installPythonMs: number;
  /** Fetching 109 packages, 500 MB unpacked. */
  readonly packagesMs: number;
  /** Fetching a model of 80 MB. */
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

/** Tells whoever watches. */
export function tell({ onProgress }: SetupOptions, id: StepId, message: string, fraction?: number): void {
  onProgress?.({ id, title: STEP_TITLES[id], message, ...(fraction === undefined ? {} : { fraction }) });
}
