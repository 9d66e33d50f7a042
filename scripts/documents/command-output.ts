import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createProgram } from '../../src/cli/program.ts';
import { cliWiring } from '../../src/wiring/cli.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = `${ROOT}dist/cli.js`;

/** A command line and the output of the built program, as in a shell. Recordings appear by their bare names. */
export function runCli(args: readonly string[]): string {
  const shown = args.map((word) => word.replace(/^.*\//, ''));
  return asShell(`claude-mem ${shown.join(' ')}`, printed(args));
}

export function renderHelp(command: readonly string[]): string {
  return asShell(['claude-mem', ...command, '--help'].join(' '), printed([...command, '--help']));
}

const NAMES = (await createProgram(cliWiring)).commands.map((command) => command.name());

/** The help of every command, each under its name. */
export function renderCommands(): string {
  return NAMES.map((name) => `## ${name}\n\n${fence(printed([name, '--help']))}`).join('\n\n');
}

export function asShell(commandLine: string, output: string): string {
  return fence(`$ ${commandLine}\n${output}`);
}

/** The output of the built program, without personal data. */
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
