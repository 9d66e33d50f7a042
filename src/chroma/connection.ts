import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { ChildTransport } from './child-transport.ts';
import { ChromaFailure, explainExit, ToolError } from './failure.ts';
import { type Household, OwnedProcess, type OwnedSpawn } from './owned-process.ts';

export interface ConnectOptions {
  /** From the spawn to the end of the handshake, in milliseconds. */
  readonly connectMs: number;
  readonly pythonVersion: string;
  readonly signal: AbortSignal;
}

/** Limit for ending a failed connection, in milliseconds. */
const END_MS = 5_000;

/** A running chroma-mcp that answers. */
export class ChromaConnection {
  readonly #process: OwnedProcess;
  readonly #client: Client;
  readonly #pythonVersion: string;

  private constructor(process: OwnedProcess, pythonVersion: string) {
    this.#process = process;
    this.#pythonVersion = pythonVersion;
    this.#client = new Client({ name: 'claude-mem', version: '1' });
  }

  /**
   * Starts chroma-mcp and performs the handshake.
   * @throws ChromaFailure if it is not available; nothing is then left running.
   */
  static async open(spawn: OwnedSpawn, household: Household, options: ConnectOptions): Promise<ChromaConnection> {
    const connection = new ChromaConnection(new OwnedProcess(spawn, household), options.pythonVersion);
    try {
      await connection.#process.recordPythonBefore(connection.#shakeHands(options));
      return connection;
    } catch (error) {
      const failure = await connection.#explain(error, options);
      await connection.end(END_MS);
      throw failure;
    }
  }

  get wrapperPid(): number | undefined {
    return this.#process.pid;
  }

  get pythonPid(): number | undefined {
    return this.#process.python?.pid;
  }

  /** Resolves with the reason when it has ended for any cause. Its children may run until `end` is done. */
  get ended(): Promise<ChromaFailure> {
    return this.#process.exited.then(async (exit) =>
      explainExit(exit, await this.#process.finalOutput(), this.#pythonVersion),
    );
  }

  /**
   * Calls a tool and returns the text of its result.
   * @throws ToolError if Chroma refuses the call; ChromaFailure if Chroma is gone or does not answer in time. The
   * connection is then unusable.
   */
  async call(tool: string, args: Record<string, unknown>, deadlineMs: number): Promise<string> {
    const result = await this.#request(tool, args, deadlineMs);
    const text = textOf(result);
    // Some versions report an error as a normal text.
    if (result.isError === true || /^(?:Error executing tool|Error:)/.test(text)) throw new ToolError(tool, text);
    return text;
  }

  /**
   * Ends wrapper and python and closes the MCP connection.
   * @returns pids of processes that could not be ended.
   */
  async end(withinMs: number): Promise<readonly number[]> {
    const survivors = await this.#process.end(withinMs);
    await this.#client.close();
    return survivors;
  }

  async #shakeHands({ connectMs, signal }: ConnectOptions): Promise<void> {
    signal.throwIfAborted();
    await this.#client.connect(new ChildTransport(this.#process), { timeout: connectMs, signal });
  }

  async #request(name: string, args: Record<string, unknown>, timeout: number) {
    try {
      return await this.#client.callTool({ name, arguments: args }, undefined, { timeout });
    } catch (error) {
      if (isTimeout(error))
        throw new ChromaFailure('broken', `Chroma did not answer within ${timeout / 1000} s`, error);
      if (this.#process.child.exitCode === null && this.#process.child.signalCode === null && error instanceof McpError)
        throw new ToolError(name, error.message);
      throw await this.ended;
    }
  }

  async #explain(error: unknown, { connectMs, signal, pythonVersion }: ConnectOptions): Promise<ChromaFailure> {
    if (signal.aborted) return new ChromaFailure('closed', 'closed while Chroma was starting', error);
    if (isTimeout(error)) {
      return new ChromaFailure('broken', `chroma-mcp did not answer within ${connectMs / 1000} s of its start`, error);
    }
    const exit = await Promise.race([this.#process.exited, shortly()]);
    if (exit !== undefined) return explainExit(exit, await this.#process.finalOutput(), pythonVersion);
    return new ChromaFailure('broken', `chroma-mcp did not answer as an MCP server: ${String(error)}`, error);
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof McpError && error.code === (ErrorCode.RequestTimeout as number);
}

function textOf(result: Readonly<Record<string, unknown>>): string {
  const content = Array.isArray(result.content) ? (result.content as { type: string; text?: string }[]) : [];
  return content.map(({ text }) => text ?? '').join('\n');
}

/** A broken MCP connection is noticed shortly before the exit of its process. */
function shortly(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, 250, undefined).unref());
}
