import { ClaudeMemError } from '../shared/errors.ts';
import { vectorsFolder } from './command.ts';
import type { ChromaDependencies } from './dependencies.ts';
import { ChromaFailure } from './failure.ts';
import { openOnVectors } from './family.ts';

/** The right to open the vectors: holds `vectors.lock`, and ensures that no process without the lock has them open. */
export class VectorsLease {
  readonly #dependencies: ChromaDependencies;
  #lock: { release(): void } | undefined;

  constructor(dependencies: ChromaDependencies) {
    this.#dependencies = dependencies;
  }

  /** @throws ChromaFailure `owned`, naming the holder; the lock is then not held. */
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

  /** The second call does nothing. */
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

  /** The following check finds orphans that could not be ended. */
  async #endOrphans(): Promise<void> {
    try {
      await this.#dependencies.vectors.endOrphans();
    } catch (error) {
      this.#dependencies.log.warn('could not end orphans on the vectors', { error: String(error) });
    }
  }

  /** Older versions, other installations and unproven orphans do not use the lock. */
  async #requireUnused(): Promise<void> {
    const { dataDir, processes } = this.#dependencies;
    const snapshot = await processes.table.snapshot({ dataDir, recordedPids: new Set(), memory: false });
    const user = openOnVectors(snapshot, vectorsFolder(dataDir));
    if (user === undefined) return;
    const who = `pid ${user.pid} (${user.command.slice(0, 120)})`;
    throw new ChromaFailure('owned', `another Chroma, ${who}, has the vectors open; see claude-mem leaks`);
  }
}
