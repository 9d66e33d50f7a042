import { defineCommand, type CommandInput } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { loadProgram } from '../../programs.ts';

export const searchServerCommand = (wiring: CliWiring) =>
  defineCommand<object>(wiring, {
    name: 'search-server',
    summary: 'search the memory from any MCP client, over stdio',
    description:
      'An MCP server on stdin and stdout with the tools search, get_observations and recent. Uses the running tree for search by ' +
      'meaning; alone it opens Chroma itself when nobody else has the vectors, and gives them up after 30 s without a query.',
    examples: [
      ['claude-mem search-server', 'what an MCP client runs'],
      ['claude mcp add memory -- claude-mem search-server', 'for Claude Code'],
    ],
    exitCodes: [
      [EXIT.ok, 'the client closed the connection'],
      [EXIT.found, 'it could not run'],
    ],
    run: serve,
  });

/** In this very process: an MCP client ends the pid it started. */
function serve({ openContext, output }: CommandInput<object>): Promise<ExitCode> {
  // A client that goes away must not end it before it has cleaned up.
  output.beginActing();
  const context = openContext({ acts: true, ifMissing: 'accept' });
  context.assertMayAct();
  process.env.CLAUDE_MEM_DATA_DIR = context.dataDir;
  loadProgram('search-server');
  // It sets the exit code itself when it ends.
  return Promise.resolve(EXIT.ok);
}
