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

/** The stack from global setup: the real uvx, Chroma packages and embedding model, or the reason why they are missing. */
export function semanticStack(): SemanticStack {
  return inject('semanticStack');
}

/** A suite that needs the real Chroma. Without it the suite is skipped, with the reason in its name. */
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

/** Links the embedding model into the home of a test, so that Chroma does not download it. */
export function linkModel(stack: AvailableStack, home: string): void {
  mkdirSync(join(home, '.cache'), { recursive: true });
  symlinkSync(join(stack.home, '.cache', 'chroma'), join(home, '.cache', 'chroma'));
}
