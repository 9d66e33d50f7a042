/** Builds the worker's page: four files without external dependencies. */
export function buildPage(outdir: string): Promise<void>;
