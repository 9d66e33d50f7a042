import { createInterface } from 'node:readline';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { type JSONRPCMessage, JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js';
import type { OwnedProcess } from './owned-process.ts';

/**
 * MCP over the stdio of a process whose start and end belong to the caller. The SDK's transport ends its child by
 * closing stdin, which chroma-mcp ignores, and waits 2 s for it.
 */
export class ChildTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #process: OwnedProcess;
  #isClosed = false;

  constructor(process: OwnedProcess) {
    this.#process = process;
  }

  start(): Promise<void> {
    const { child } = this.#process;
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#receive(line);
    });
    void this.#process.exited.then(() => this.close());
    return Promise.resolve();
  }

  send(message: JSONRPCMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#process.child.stdin.write(`${JSON.stringify(message)}\n`, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  /** Ends only the MCP connection, not the process. */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.onclose?.();
    }
    return Promise.resolve();
  }

  #receive(line: string): void {
    if (this.#isClosed) return;
    const message = parse(line);
    // chroma-mcp prints a greeting to stdout before the handshake, and errors if it cannot reach a server.
    if (message === undefined) this.#process.output.add(line);
    else this.onmessage?.(message);
  }
}

function parse(line: string): JSONRPCMessage | undefined {
  try {
    return JSONRPCMessageSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
