import { Argument, type Command } from 'commander';
import { defineCommand } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT } from '../../exit-code.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

export const completionCommand = (wiring: CliWiring) => {
  const command: Command = defineCommand<object>(wiring, {
    name: 'completion',
    summary: 'print a script that completes commands and options',
    description: 'Prints a completion script for a shell. The script covers the commands and options of this version.',
    examples: [
      ['claude-mem completion bash > ~/.local/share/bash-completion/completions/claude-mem', 'install for bash'],
      ['claude-mem completion zsh > "${fpath[1]}/_claude-mem"', 'install for zsh'],
      ['claude-mem completion fish > ~/.config/fish/completions/claude-mem.fish', 'install for fish'],
      ['source <(claude-mem completion bash)', 'use in this bash session only'],
    ],
    exitCodes: [[EXIT.ok, 'printed']],
    configure: (own) => own.addArgument(new Argument('<shell>', 'the shell').choices(SHELLS)),
    run: async ({ args, options, output }) => {
      const { completionScript } = await import('./script.ts');
      const shell = args[0] as Shell;
      const script = completionScript(shell, command.parent ?? command);
      const document = { schemaVersion: 1, command: 'completion', shell, script };
      output.data(options.json === true ? JSON.stringify(document) : script.trimEnd());
      return EXIT.ok;
    },
  });
  return command;
};
