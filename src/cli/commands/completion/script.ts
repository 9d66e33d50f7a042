import type { Command } from 'commander';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { completionModel } from './model.ts';
import { zshScript } from './zsh.ts';

const RENDERERS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** Renders the completion script of a program for a shell. */
export function completionScript(shell: keyof typeof RENDERERS, program: Command): string {
  return RENDERERS[shell](completionModel(program));
}
