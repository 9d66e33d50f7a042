import * as v from 'valibot';
import { parseMoment } from '../core/memory/moment.ts';
import { parseDuration } from '../shared/duration.ts';

/** Limit for names, in characters. */
const LONGEST_NAME = 1_000;
const LONGEST_QUERY = 20_000;
const MOST_FILES = 1_000;
const MOST_RESULTS = 100;
const USUAL_RESULTS = 10;

/** A text without a limit of its own; the body limit applies. */
const text = v.string('must be a text');
const filledText = v.pipe(text, v.regex(/\S/, 'must not be empty'));
const name = v.pipe(filledText, v.maxLength(LONGEST_NAME, `must not be longer than ${LONGEST_NAME} characters`));
const optionalName = v.optional(name);

/** As in a URL: digits only. */
const rowId = v.pipe(text, v.regex(/^[1-9]\d{0,14}$/, 'must be a whole number greater than 0'), v.transform(Number));
const limit = v.optional(
  v.pipe(
    text,
    v.regex(/^\d{1,9}$/, 'must be a whole number'),
    v.transform(Number),
    v.minValue(1, 'must be 1 or more'),
    v.maxValue(MOST_RESULTS, `must be ${MOST_RESULTS} or less`),
  ),
  String(USUAL_RESULTS),
);

/** Ignores unknown fields, because a client may be newer than the worker. */
export const sessionBody = v.object(
  { project: name, prompt: v.optional(text), sessionId: optionalName },
  'must be a JSON object',
);

export const observationBody = v.object(
  {
    type: name,
    title: filledText,
    text,
    files: v.optional(
      v.pipe(v.array(text, 'must be a list'), v.maxLength(MOST_FILES, `must not have more than ${MOST_FILES} items`)),
    ),
    observationId: optionalName,
  },
  'must be a JSON object',
);

/** The format of `toISOString`, because times are compared as text. */
const moment = v.pipe(text, v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'must be a time in UTC'));
const ofEvent = { id: name, at: moment, sessionId: name, project: name };

/** An event from `claude-mem hook`, sent over HTTP or stored in the spool. */
export const hookEventBody = v.variant(
  'kind',
  [
    v.object({ ...ofEvent, kind: v.picklist(['session-start', 'session-end']) }),
    v.object({ ...ofEvent, kind: v.literal('stop'), answer: v.optional(text) }),
    v.object({ ...ofEvent, kind: v.literal('prompt'), prompt: filledText }),
    v.object({
      ...ofEvent,
      kind: v.literal('observation'),
      observation: v.object({
        type: name,
        title: filledText,
        text,
        files: v.pipe(v.array(text), v.maxLength(MOST_FILES, `must not have more than ${MOST_FILES} items`)),
      }),
    }),
  ],
  'must be a hook event',
);
/** Longer than any code or id of the page; base64url characters only. */
const pageKey = v.pipe(text, v.regex(/^[\w-]{1,64}$/, 'must be letters, digits, - and _'));

export const pageSessionBody = v.object({ code: pageKey }, 'must be a JSON object');

/** The same format as `history --since`. */
export const historyQuery = v.object({
  since: v.optional(
    v.pipe(
      text,
      v.regex(/^[1-9]\d{0,4}[smhd]$/, 'must be a duration such as 30m, 24h, 14d'),
      v.transform((duration) => parseDuration(duration)),
    ),
    '24h',
  ),
});

export const pageParams = v.object({ id: pageKey });

export const promptBody = v.object({ prompt: filledText }, 'must be a JSON object');

export const sessionParams = v.object({ id: rowId });

const optionalMoment = v.optional(
  v.pipe(
    text,
    v.check((value) => parseMoment(value) !== undefined, 'must be a day such as 2026-11-25 or a time in ISO 8601'),
    v.transform((value) => parseMoment(value)),
  ),
);

export const searchQuery = v.object({
  q: v.pipe(filledText, v.maxLength(LONGEST_QUERY, `must not be longer than ${LONGEST_QUERY} characters`)),
  limit,
  project: optionalName,
  type: optionalName,
  after: optionalMoment,
  before: optionalMoment,
});

export const contextQuery = v.object({ project: optionalName, limit });

export const vectorsBody = v.object(
  {
    text: v.pipe(filledText, v.maxLength(LONGEST_QUERY)),
    limit: v.pipe(v.number('must be a number'), v.integer(), v.minValue(1), v.maxValue(MOST_RESULTS)),
    project: optionalName,
    type: optionalName,
    waitMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(60_000))),
  },
  'must be a JSON object',
);
