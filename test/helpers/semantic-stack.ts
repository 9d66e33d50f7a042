import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, inject, test } from 'vitest';
import type { AvailableStack, SemanticStack } from './prepare-semantic-stack.ts';

export type { AvailableStack, SemanticStack } from './prepare-semantic-stack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    semanticStack: SemanticStack;
  }
}

/** What global setup prepared: the real uvx, Chroma packages and embedding model, or the reason why there are none. */
export function semanticStack(): SemanticStack {
  return inject('semanticStack');
}

/** A suite that needs the real Chroma; skipped, with the reason in its name, where there is none. */
export function describeWithChroma(name: string, define: (stack: AvailableStack) => void): void {
  const stack = semanticStack();
  if (stack.available) {
    describe(name, () => {
      define(stack);
    });
    return;
  }
  describe.skip(`${name} (${stack.reason})`, () => {
    test.todo('needs the real Chroma');
  });
}

/** Gives a test's own home the embedding model, so that Chroma does not go and download it. */
export function linkModel(stack: AvailableStack, home: string): void {
  mkdirSync(join(home, '.cache'), { recursive: true });
  symlinkSync(join(stack.home, '.cache', 'chroma'), join(home, '.cache', 'chroma'));
}
