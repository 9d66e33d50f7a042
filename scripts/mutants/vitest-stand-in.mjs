// @ts-nocheck
// The tests import this module as `vitest`. It collects the tests instead of running them, so that one process can run them again for every mutant.
import * as expecting from '@vitest/expect';

const { chai } = expecting;
chai.use(expecting.JestExtend);
chai.use(expecting.JestChaiExpect);
chai.use(expecting.JestAsymmetricMatchers);

export const expect = Object.assign((value, message) => chai.expect(value, message), chai.expect);
Object.assign(expect, globalThis[expecting.ASYMMETRIC_MATCHERS_OBJECT]);
expecting.setState({ assertionCalls: 0, isExpectingAssertions: false }, expect);
globalThis[expecting.GLOBAL_EXPECT] = expect;

/** Every collected test: its id, whether it is skipped, and a function that runs it with its hooks. */
export const collected = [];

let file = { name: '', titles: [], befores: [], afters: [], beforeAlls: [] };
let finishers = [];

/** Assigns the tests collected from now on to this file. */
export function startFile(name) {
  file = { name, titles: [], befores: [], afters: [], beforeAlls: [] };
}

function collect(title, body, isSkipped = false) {
  const scope = { befores: [...file.befores], afters: [...file.afters], beforeAlls: [...file.beforeAlls] };
  const titled = [...file.titles, title].join(' > ');
  const same = collected.filter(({ id }) => id.startsWith(`${file.name}#${titled}`)).length;
  collected.push({
    id: `${file.name}#${titled}${same === 0 ? '' : ` (${same + 1})`}`,
    fileName: file.name,
    isSkipped,
    run: () => runWithHooks(scope, body),
  });
}

/** Thrown by a test that cannot run on this machine. */
class Skipped {
  constructor(reason) {
    this.reason = reason;
  }
}

const context = {
  skip(reason) {
    throw new Skipped(reason);
  },
};

/** @returns why the test skipped itself; undefined if it ran. */
async function runWithHooks({ befores, afters, beforeAlls }, body) {
  finishers = [];
  try {
    for (const once of beforeAlls) await once();
    for (const hook of befores) await hook();
    await body(context);
    return undefined;
  } catch (error) {
    if (error instanceof Skipped) return error.reason;
    throw error;
  } finally {
    for (const hook of [...finishers.toReversed(), ...afters]) await hook();
  }
}

export function onTestFinished(hook) {
  finishers.push(hook);
}

export const beforeEach = (hook) => void file.befores.push(hook);
export const afterEach = (hook) => void file.afters.push(hook);
export const afterAll = () => undefined;
export const inject = () => undefined;

export function beforeAll(hook) {
  let done;
  file.beforeAlls.push(() => (done ??= Promise.resolve(hook())));
}

export const vi = new Proxy(
  {},
  {
    get: (_, name) => () => {
      // Nothing is stubbed here.
      if (name === 'unstubAllEnvs') return;
      throw new Error(`no vi.${String(name)} here`);
    },
  },
);

export const test = withVariants(
  (title, body) => collect(title, body),
  (title, body) => collect(title, body, true),
);
export const describe = withVariants(inSuite, () => undefined);

function inSuite(title, body) {
  const { titles, befores, afters, beforeAlls } = file;
  Object.assign(file, {
    titles: [...titles, title],
    befores: [...befores],
    afters: [...afters],
    beforeAlls: [...beforeAlls],
  });
  body();
  Object.assign(file, { titles, befores, afters, beforeAlls });
}

function withVariants(define, skip) {
  const each =
    (to) =>
    (cases, ...values) =>
    (title, body, options) => {
      if (values.length > 0) throw new Error('no tables in template strings here');
      cases.forEach((row, index) => {
        const args = Array.isArray(row) ? row : [row];
        to(`${title} [${index}]`, (given) => body(...args, given), options);
      });
    };
  const plain = (title, first, second) => (typeof first === 'function' ? define(title, first) : define(title, second));
  const never = (title) => skip(title);
  const variants = { each: each(define), skip: Object.assign(never, { each: each(never) }) };
  return Object.assign(plain, variants, {
    skipIf: (isSkipped) => (isSkipped ? variants.skip : Object.assign(plain, variants)),
    runIf: (isRun) => (isRun ? Object.assign(plain, variants) : variants.skip),
  });
}
