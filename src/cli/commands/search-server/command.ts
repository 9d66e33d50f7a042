import { isatty } from 'node:tty';
import { defineCommand, type CommandInput, type CommonOptions } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { loadProgram } from '../../programs.ts';
import { commandOn } from '../../terminal/hint.ts';
import type { Output } from '../../terminal/output.ts';

export const searchServerCommand = (wiring: CliWiring) =>
  defineCommand<object>(wiring, {
    name: 'search-server',
    summary: 'serve memory search to any MCP client over stdio',
    description:
      'Runs an MCP server on stdin and stdout with the tools search, timeline, get_observations and recent. Results can be restricted to ' +
      'a project, a type and a period. Semantic search uses the running tree. Without a tree, the server opens Chroma itself if no other process uses the vectors, and closes it after 30 s without a ' +
      'query.',
    examples: [
      ['claude-mem search-server', 'run by an MCP client'],
      ['claude mcp add memory -- claude-mem search-server', 'add the server to Claude Code'],
    ],
    exitCodes: [
      [EXIT.ok, 'the client closed the connection'],
      [EXIT.found, 'the server could not run'],
    ],
    run: serve,
  });

/** Runs in this process, because an MCP client ends the pid that it started. */
async function serve({ openContext, output, options }: CommandInput<object>): Promise<ExitCode> {
  // The server must clean up after its client is gone.
  output.beginActing();
  const context = openContext({ acts: true, ifMissing: 'accept' });
  await context.assertMayAct();
  process.env.CLAUDE_MEM_DATA_DIR = context.dataDir;
  if (isatty(0)) explainWaiting(output, options);
  loadProgram('search-server');
  // The server replaces this exit code at its end.
  return EXIT.ok;
}

/** A person who runs the command in a terminal sees nothing happen. An MCP client connects a pipe and sees no text. */
function explainWaiting(output: Output, { dataDir }: Pick<CommonOptions, 'dataDir'>): void {
  const server = commandOn(dataDir, 'search-server');
  output.note(
    'Waiting for an MCP client on stdin. MCP clients start this command themselves. To add it to Claude Code:\n' +
      `  claude mcp add memory -- ${server}\n` +
      'Ctrl-C ends the server.',
  );
}
