import { isCommandName } from '../../cli/command-names.ts';
import { runProgram } from './run-program.ts';

// Compiled for old versions of Node.js, which cannot parse the program and would only print a syntax error.
const args = process.argv.slice(2);
const command = args[0] ?? '';
if (Number.parseInt(process.versions.node, 10) < 20) refuse();
// A hook, for which an editor waits, is a small separate program.
else if (command === 'hook' && !args.includes('--help') && !args.includes('-h')) runProgram('hook');
else runProgram('cli', isCommandName(command) ? `cli-${command}` : 'cli');

/** An editor must not see a hook fail. */
function refuse(): void {
  process.stderr.write(
    `claude-mem: needs Node.js 20.19 or later, and this is ${process.version} (${process.execPath})\n`,
  );
  process.exitCode = command === 'hook' ? 0 : 2;
}
