import { pino, stdSerializers, stdTimeFunctions } from 'pino';
import { RotatingFile } from './rotating-file.ts';

/** In all at most 20 MB a role: enough for weeks, and for what happened around a crash. */
const ROTATION = { maxBytes: 5 * 1024 * 1024, keep: 3 } as const;

/** What a program writes to its log. Levels as in pino. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/**
 * A log of a program of ours: one JSON object a line, in a file that rotates. The program writes it itself and at once: a pipe to whoever
 * started it would break with that one's death.
 * @param level of `debug`, `info`, `warn`, `error`; another value means `info`.
 */
export function createFileLog(
  file: string,
  options: { readonly role: string; readonly level?: string | undefined },
): Log {
  const logger = pino(
    {
      level: options.level !== undefined && Object.hasOwn(pino.levels.values, options.level) ? options.level : 'info',
      base: { role: options.role, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.err },
    },
    new RotatingFile(file, ROTATION),
  );
  return {
    debug: (message, fields) => {
      logger.debug(fields ?? {}, message);
    },
    info: (message, fields) => {
      logger.info(fields ?? {}, message);
    },
    warn: (message, fields) => {
      logger.warn(fields ?? {}, message);
    },
    error: (message, fields) => {
      logger.error(fields ?? {}, message);
    },
  };
}
