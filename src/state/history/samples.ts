import { join } from 'node:path';
import { condense, type Sample, type SampleReading } from '../../core/health/sample.ts';
import { isOfOneRun } from '../../core/health/sample-time.ts';
import { errnoOf } from '../../shared/errors.ts';
import { describeErrno } from '../files/io-error.ts';
import { makeFolderInDataDir } from '../files/make-folder.ts';
import { SampleRing } from './sample-ring.ts';
import { formatSample, type NumberedSample, parseSample, sequenceOf } from './sample-text.ts';

/** Six hours with a sample every 5 s: 2.2 MB. */
const FINE_SLOTS = 4_320;
/** Two weeks with a sample every 5 min: 2.1 MB. */
const COARSE_SLOTS = 4_032;
const COARSE_SPAN_MS = 300_000;
/** A gap of this many milliseconds ends a coarse sample, which must not cover time in which nothing ran. */
const HOLE_MS = 20_000;

export interface SampleStore {
  /**
   * Writes the sample, and every 5 min a coarse one that summarizes the samples since the last coarse one.
   * @throws the Node.js system error; the next call retries.
   */
  append(sample: Sample): void;
}

/** The history of a data dir; only its supervisor writes it. Opens nothing before the first sample. */
export function openSampleStore(dataDir: string): SampleStore {
  let writer: SampleWriter | undefined;
  return {
    append: (sample) => {
      makeFolderInDataDir(samplesFolder(dataDir));
      writer ??= new SampleWriter(dataDir);
      writer.append(sample);
    },
  };
}

/** All recorded samples of a data dir. Never throws for a bad file. */
export function readSamples(dataDir: string): SampleReading {
  const rings = [coarseRing(dataDir), fineRing(dataDir)].map(readAll);
  const [coarse = [], fine = []] = rings.map(({ samples }) => samples);
  return {
    samples: joinRows(coarse, fine).map(({ sample }) => sample),
    damaged: rings.reduce((sum, { damaged }) => sum + damaged, 0),
    unreadable: rings.flatMap(({ failure }) => failure ?? []),
  };
}

class SampleWriter {
  readonly #fine: SampleRing;
  readonly #coarse: SampleRing;
  #sequence: number;
  #coarseSequence: number;
  /** Samples that the next coarse sample summarizes. */
  #pending: NumberedSample[] = [];

  /** Continues where the last writer stopped, also in the middle of a coarse sample. */
  constructor(dataDir: string) {
    this.#fine = fineRing(dataDir).ring;
    this.#coarse = coarseRing(dataDir).ring;
    const [covered, coarseCount] = newestCoarse(this.#coarse);
    this.#coarseSequence = coarseCount + 1;
    let newest = covered;
    const missing: NumberedSample[] = [];
    readTexts(this.#fine, (text) => {
      const sequence = sequenceOf(text);
      newest = Math.max(newest, sequence);
      const numbered = sequence > covered ? parseSample(text) : undefined;
      if (numbered !== undefined) missing.push(numbered);
    });
    this.#sequence = newest + 1;
    for (const numbered of missing.sort(bySequence)) this.#condense(numbered);
  }

  append(sample: Sample): void {
    const numbered = { sequence: this.#sequence, sample };
    this.#fine.write(this.#sequence, formatSample(numbered));
    this.#sequence += 1;
    this.#condense(numbered);
  }

  #condense(next: NumberedSample): void {
    const [first, ...rest] = this.#pending;
    const last = this.#pending.at(-1);
    if (first !== undefined && last !== undefined && isFull(first.sample, last.sample, next.sample)) {
      const sample = condense([first.sample, ...rest.map((numbered) => numbered.sample)]);
      // A failed coarse sample is not retried; the fine ones stay available for hours.
      this.#pending = [];
      // Carries the number of the last sample it covers, so that the next writer knows what is covered.
      this.#coarse.write(this.#coarseSequence, formatSample({ sequence: last.sequence, sample }));
      this.#coarseSequence += 1;
    }
    this.#pending.push(next);
  }
}

function isFull(first: Sample, last: Sample, next: Sample): boolean {
  if (!isOfOneRun(last, next) || next.uptimeMs - next.spanMs - last.uptimeMs > HOLE_MS) return true;
  return next.uptimeMs - first.uptimeMs >= COARSE_SPAN_MS;
}

/** The newest covered sample number, and the slot written last. */
function newestCoarse(ring: SampleRing): readonly [covered: number, slot: number] {
  let covered = -1;
  let slot = -1;
  readTexts(ring, (text, position) => {
    const sequence = sequenceOf(text);
    if (sequence > covered) [covered, slot] = [sequence, position];
  });
  return [covered, slot];
}

/** The coarse samples older than the fine ones, followed by the fine ones. */
function joinRows(coarse: readonly NumberedSample[], fine: readonly NumberedSample[]): readonly NumberedSample[] {
  const firstFine = fine[0]?.sequence ?? Infinity;
  const older = coarse.filter((_, position) => (coarse[position - 1]?.sequence ?? -1) + 1 < firstFine);
  const covered = older.at(-1)?.sequence ?? -1;
  return [...older, ...fine.filter(({ sequence }) => sequence > covered)];
}

interface NamedRing {
  readonly ring: SampleRing;
  readonly file: string;
}

interface ReadRing {
  readonly samples: readonly NumberedSample[];
  readonly damaged: number;
  readonly failure?: { readonly file: string; readonly reason: string };
}

function readAll({ ring, file }: NamedRing): ReadRing {
  const once = readOnce(ring, file);
  // A slot that is being written looks torn and is complete a moment later.
  return once.damaged > 0 ? readOnce(ring, file) : once;
}

function readOnce(ring: SampleRing, file: string): ReadRing {
  const samples: NumberedSample[] = [];
  let foreign = 0;
  try {
    const damaged = ring.read((text) => {
      const numbered = parseSample(text);
      if (numbered === undefined) foreign += 1;
      else samples.push(numbered);
    });
    return { samples: samples.sort(bySequence), damaged: damaged + foreign };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { samples: [], damaged: 0 };
    return { samples: [], damaged: 0, failure: { file, reason: describeErrno(error) } };
  }
}

function readTexts(ring: SampleRing, onText: (text: string, slot: number) => void): void {
  try {
    ring.read(onText);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function bySequence(left: NumberedSample, right: NumberedSample): number {
  return left.sequence - right.sequence;
}

function samplesFolder(dataDir: string): string {
  return join(dataDir, 'samples');
}

function fineRing(dataDir: string): NamedRing {
  const file = join(samplesFolder(dataDir), 'fine.ring');
  return { ring: new SampleRing(file, FINE_SLOTS), file };
}

function coarseRing(dataDir: string): NamedRing {
  const file = join(samplesFolder(dataDir), 'coarse.ring');
  return { ring: new SampleRing(file, COARSE_SLOTS), file };
}
