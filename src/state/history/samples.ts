import { join } from 'node:path';
import { condense, type Sample, type SampleReading } from '../../core/health/sample.ts';
import { isOfOneRun } from '../../core/health/sample-time.ts';
import { errnoOf } from '../../shared/errors.ts';
import { describeErrno } from '../files/io-error.ts';
import { makeFolderInDataDir } from '../files/make-folder.ts';
import { SampleRing } from './sample-ring.ts';
import { formatSample, type NumberedSample, parseSample, sequenceOf } from './sample-text.ts';

/** Six hours of one sample every 5 s: 2.2 MB. */
const FINE_SLOTS = 4_320;
/** Two weeks of one every 5 min: 2.1 MB. */
const COARSE_SLOTS = 4_032;
const COARSE_SPAN_MS = 300_000;
/** A hole as long as this, in milliseconds, ends a coarse sample: it must not stand for a time in which nothing ran. */
const HOLE_MS = 20_000;

export interface SampleStore {
  /**
   * Writes it, and every 5 min one that stands for all since the last.
   * @throws the system error of Node.js; the next call tries anew.
   */
  append(sample: Sample): void;
}

/** The history of a data dir; its supervisor alone writes it. Nothing is opened or read before the first sample. */
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

/** All that is known of a data dir. Never throws for a file. */
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
  /** What the next coarse sample will stand for. */
  #pending: NumberedSample[] = [];

  /** Takes up where the last writer left off, also in the middle of a coarse sample. */
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
      // One that could not be written is not tried again: the fine ones are there for hours.
      this.#pending = [];
      // It bears the number of the last it stands for, so that the next writer knows what is covered.
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

/** The number of the newest sample that is covered, and which slot was written last, so that the next is the oldest. */
function newestCoarse(ring: SampleRing): readonly [covered: number, slot: number] {
  let covered = -1;
  let slot = -1;
  readTexts(ring, (text, position) => {
    const sequence = sequenceOf(text);
    if (sequence > covered) [covered, slot] = [sequence, position];
  });
  return [covered, slot];
}

/** Of the coarse ones those that tell of more than the fine ones still do, and the fine ones after them. */
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
  // One that is just being written looks torn, and is whole a moment later.
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
