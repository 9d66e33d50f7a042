import { createInterface } from 'node:readline';
import { clearTimeout, setTimeout } from 'node:timers';

/**
 * A minimal MCP client over the stdio of a child process: performs the handshake and calls tools. Unlike the client of
 * the SDK it closes and ends nothing.
 */
export class McpStdio {
  #child;
  #pending = new Map();
  #lastId = 0;

  /** @param {import('node:child_process').ChildProcessWithoutNullStreams} child */
  constructor(child) {
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#receive(line));
    child.stdin.on('error', () => undefined);
    child.once('error', (error) => this.#fail(error));
    child.once('exit', (code, signal) => this.#fail(new Error(`it ended early: ${signal ?? `exit code ${code}`}`)));
  }

  /** Performs the handshake; resolves once the server has answered. */
  async initialize(timeoutMs) {
    const client = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'probe', version: '1' } };
    await this.#request('initialize', client, timeoutMs);
    this.#send({ method: 'notifications/initialized' });
  }

  /** Calls a tool and returns the texts of its answer. */
  async callTool(name, args, timeoutMs) {
    const { content, isError } = await this.#request('tools/call', { name, arguments: args }, timeoutMs);
    const texts = content.map(({ text }) => text).join('\n');
    if (isError) throw new Error(`${name}: ${texts}`);
    return texts;
  }

  #request(method, params, timeoutMs) {
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new Error(`no answer to ${method} within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      this.#send({ id, method, params });
    });
  }

  #send(message) {
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  #receive(line) {
    const message = parse(line);
    const waiting = this.#pending.get(message?.id);
    if (waiting === undefined) return;
    this.#pending.delete(message.id);
    clearTimeout(waiting.timer);
    if (message.error !== undefined) waiting.reject(new Error(message.error.message));
    else waiting.resolve(message.result);
  }

  #fail(error) {
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#pending.clear();
  }
}

/** A line that is not JSON is a log line. */
function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
