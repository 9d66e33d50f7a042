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
    description:
      'Prints the completion of claude-mem for a shell, made from the commands and options this version has.',
    examples: [
      ['claude-mem completion bash > ~/.local/share/bash-completion/completions/claude-mem', 'bash'],
      ['claude-mem completion zsh > "${fpath[1]}/_claude-mem"', 'zsh'],
      ['claude-mem completion fish > ~/.config/fish/completions/claude-mem.fish', 'fish'],
      ['source <(claude-mem completion bash)', 'for this session alone'],
    ],
    exitCodes: [[EXIT.ok, 'printed']],
    configure: (own) => own.addArgument(new Argument('<shell>', 'which shell').choices(SHELLS)),
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
