import { messageOf } from '../../shared/errors.ts';
import { fetchPackages } from '../fetch-packages.ts';
import { ChromaFailure } from '../failure.ts';
import type { Uvx } from '../uvx.ts';
import {
  type SetupDependencies,
  type SetupOptions,
  type SetupStep,
  SETUP_BOUNDS,
  step,
  reportProgress,
} from './step.ts';

/** Ensures that Chroma's packages are in uv's cache and importable. */
export async function preparePackages(
  uvx: Uvx,
  dependencies: SetupDependencies,
  options: SetupOptions,
): Promise<SetupStep> {
  const { signal, bounds } = options;
  try {
    const deadlineMs = bounds?.lookMs ?? SETUP_BOUNDS.lookMs;
    await fetchPackages(uvx, dependencies, { isOffline: true, deadlineMs, signal });
    return step('packages', 'already', "they are in uv's cache and work");
  } catch (error) {
    if (signal.aborted) throw error;
  }
  try {
    const deadlineMs = bounds?.packagesMs ?? SETUP_BOUNDS.packagesMs;
    const message = "downloading Chroma's packages";
    reportProgress(options, 'packages', message);
    const onLine = followDownloads((fraction) => {
      reportProgress(options, 'packages', message, fraction);
    });
    await fetchPackages(uvx, dependencies, { isOffline: false, deadlineMs, signal, onLine });
    return step('packages', 'done', "they are in uv's cache now and work");
  } catch (error) {
    return step('packages', 'failed', messageOf(error), fixOf(error));
  }
}

/** uv prints each large package when its download starts, with its size, and again when it is done. */
function followDownloads(report: (fraction: number) => void): (line: string) => void {
  const sizes = new Map<string, number>();
  const done = new Set<string>();
  return (line) => {
    const begun = /^Downloading (\S+) \(([\d.]+)([KMG])iB\)/.exec(line);
    if (begun !== null) sizes.set(begun[1] ?? '', Number(begun[2]) * (UNIT_MB[begun[3] ?? 'M'] ?? 1));
    const finished = /^Downloaded (\S+)/.exec(line)?.[1];
    if (finished === undefined) return;
    done.add(finished);
    const sum = (names: Iterable<string>): number => [...names].reduce((all, name) => all + (sizes.get(name) ?? 0), 0);
    const total = sum(sizes.keys());
    if (total > 0) report(sum(done) / total);
  };
}

const UNIT_MB: Readonly<Record<string, number>> = { K: 1 / 1024, M: 1, G: 1024 };

function fixOf(error: unknown): string {
  const isNetwork = error instanceof ChromaFailure && error.kind === 'no-network';
  return isNetwork
    ? 'Connect this machine to the network, or set HTTPS_PROXY, SSL_CERT_FILE or UV_INDEX_URL as uv needs them, and run claude-mem setup again.'
    : 'Run claude-mem setup again. If the error persists, its cause is in uv or chroma-mcp.';
}
