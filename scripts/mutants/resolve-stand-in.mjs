// @ts-nocheck
const STAND_IN = new URL('vitest-stand-in.mjs', import.meta.url).href;

/** Gives the tests the stand-in where they ask for Vitest. */
export function resolve(specifier, context, next) {
  return specifier === 'vitest' ? { url: STAND_IN, shortCircuit: true } : next(specifier, context);
}
