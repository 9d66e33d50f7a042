import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createProgram } from '../../src/cli/program.ts';
import { cliWiring } from '../../src/wiring/cli.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = `${ROOT}dist/cli.js`;

/** A command line and what the built program prints for it, as in a shell. Recordings are shown by their bare names. */
export function runCli(args: readonly string[]): string {
  const shown = args.map((word) => word.replace(/^.*\//, ''));
  return asShell(`claude-mem ${shown.join(' ')}`, printed(args));
}

export function renderHelp(command: readonly string[]): string {
  return asShell(['claude-mem', ...command, '--help'].join(' '), printed([...command, '--help']));
}

/** The help of every command there is, each under its name. */
export function renderCommands(): string {
  const names = createProgram(cliWiring).commands.map((command) => command.name());
  return names.map((name) => `## ${name}\n\n${fence(printed([name, '--help']))}`).join('\n\n');
}

export function asShell(commandLine: string, output: string): string {
  return fence(`$ ${commandLine}\n${output}`);
}

/** What the built program prints, without anything of the person who runs it. */
export function printed(args: readonly string[]): string {
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', NO_COLOR: '1' };
  const { stdout, stderr, error } = spawnSync(process.execPath, [CLI, ...args], { cwd: ROOT, env, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (stdout === '') throw new Error(`claude-mem ${args.join(' ')} printed nothing: ${stderr}`);
  return stdout;
}

function fence(text: string): string {
  return `\`\`\`\n${text.trim()}\n\`\`\``;
}
