/** Builds the worker's page: four files that need nothing from elsewhere. */
export function buildPage(outdir: string): Promise<void>;
