import { InvalidArgumentError } from 'commander';
import { durationArgument } from './command.ts';

/** A reading takes 0.1 s on a machine with thousands of processes: shorter intervals would keep a core busy. */
const LEAST_INTERVAL_MS = 200;
const MOST_INTERVAL_MS = 86_400_000;

/** Parses the time between two readings of a live screen. @returns milliseconds. */
export function intervalArgument(text: string): number {
  const ms = durationArgument(text);
  if (ms >= LEAST_INTERVAL_MS && ms <= MOST_INTERVAL_MS) return ms;
  throw new InvalidArgumentError('Must be between 200ms and 1d.');
}
