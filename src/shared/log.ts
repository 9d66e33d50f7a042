import { pino, stdSerializers, stdTimeFunctions } from 'pino';
import { RotatingFile } from './rotating-file.ts';

/** At most 20 MB per role: holds weeks of logs, including the time around a crash. */
const ROTATION = { maxBytes: 5 * 1024 * 1024, keep: 3 } as const;

/** The log of a program. Levels as in pino. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/**
 * A log file of a claude-mem process, with one JSON object per line and rotation. The process writes the file itself,
 * synchronously: a pipe to its parent would break when the parent dies.
 * @param level one of `debug`, `info`, `warn`, `error`; any other value means `info`.
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
