// @ts-nocheck
const STAND_IN = new URL('vitest-stand-in.mjs', import.meta.url).href;

/** Resolves imports of Vitest to the stand-in. */
export function resolve(specifier, context, next) {
  return specifier === 'vitest' ? { url: STAND_IN, shortCircuit: true } : next(specifier, context);
}
