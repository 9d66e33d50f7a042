import { ClaudeMemError } from '../shared/errors.ts';
import { vectorsFolder } from './command.ts';
import type { ChromaDependencies } from './dependencies.ts';
import { ChromaFailure } from './failure.ts';
import { openOnVectors } from './family.ts';

/** The right to open the vectors: `vectors.lock`, and nobody who has them open all the same. */
export class VectorsLease {
  readonly #dependencies: ChromaDependencies;
  #lock: { release(): void } | undefined;

  constructor(dependencies: ChromaDependencies) {
    this.#dependencies = dependencies;
  }

  /** @throws ChromaFailure `owned`, saying by whom; the lock is not held then. */
  async take(): Promise<void> {
    if (this.#dependencies.settings.chromaMode === 'remote' || this.#lock !== undefined) return;
    this.#lock = await this.#acquire();
    try {
      await this.#endOrphans();
      await this.#requireUnused();
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Calling it again does nothing. */
  release(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }

  async #acquire(): Promise<{ release(): void }> {
    try {
      return await this.#dependencies.vectors.acquire();
    } catch (error) {
      if (!(error instanceof ClaudeMemError) || error.code !== 'lock-held') throw error;
      throw new ChromaFailure('owned', `the vectors are in use: ${error.message}`, error);
    }
  }

  /** What cannot be ended is found by the look that follows. */
  async #endOrphans(): Promise<void> {
    try {
      await this.#dependencies.vectors.endOrphans();
    } catch (error) {
      this.#dependencies.log.warn('leftovers on the vectors could not be ended', { error: String(error) });
    }
  }

  /** An older version, another installation or an orphan that cannot be proven one knows nothing of the lock. */
  async #requireUnused(): Promise<void> {
    const { dataDir, processes } = this.#dependencies;
    const snapshot = await processes.table.snapshot({ dataDir, recordedPids: new Set(), memory: false });
    const user = openOnVectors(snapshot, vectorsFolder(dataDir));
    if (user === undefined) return;
    const who = `pid ${user.pid} (${user.command.slice(0, 120)})`;
    throw new ChromaFailure('owned', `the vectors are open in another Chroma, ${who}; see claude-mem leaks`);
  }
}
