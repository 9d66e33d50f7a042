import type { Acknowledged } from './facts.ts';
import type { HookName } from './plan.ts';
import type { Scene } from './scene.ts';

const ANSWER_WITHIN_MS = 8_000;

/** Stores a session with observations as a client of the worker, and returns what was acknowledged with 201. */
export async function storeRecords(
  scene: Scene,
  [session = '', ...observations]: readonly string[],
): Promise<{ readonly stored: readonly Acknowledged[]; readonly problem: string | undefined }> {
  const stored: Acknowledged[] = [];
  try {
    const id = await post(scene, '/api/sessions', { project: 'rounds', prompt: 'hello', sessionId: session });
    stored.push({ kind: 'session', token: session });
    for (const token of [`${session}a`, ...observations]) {
      const body = { type: 'discovery', title: token, text: `what ${token} says`, observationId: token };
      await post(scene, `/api/sessions/${id}/observations`, body);
      stored.push({ kind: 'observation', token });
    }
    return { stored, problem: undefined };
  } catch (error) {
    return { stored, problem: error instanceof Error ? error.message : String(error) };
  }
}

async function post(scene: Scene, path: string, body: unknown): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${scene.port}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${scene.token()}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  const text = await response.text();
  if (response.status !== 201) throw new Error(`the worker answered ${response.status}: ${text.slice(0, 200)}`);
  return String((JSON.parse(text) as { id: unknown }).id);
}

/** The input that Claude Code writes to the stdin of a hook. */
export function hookInput(event: HookName, token: string, { folder }: Scene): string {
  const common = { cwd: folder, transcript_path: `${folder}/none.jsonl`, permission_mode: 'default' };
  switch (event) {
    case 'session-start':
      return JSON.stringify({ ...common, session_id: token, hook_event_name: 'SessionStart', source: 'startup' });
    case 'prompt':
      return JSON.stringify({
        ...{ ...common, session_id: `of-${token}`, hook_event_name: 'UserPromptSubmit' },
        prompt: `please look at ${token}`,
      });
    case 'tool':
      return JSON.stringify({
        ...{ ...common, session_id: `of-${token}`, hook_event_name: 'PostToolUse', tool_name: 'Bash' },
        ...{ tool_input: { command: `echo ${token}` }, tool_response: { stdout: token }, tool_use_id: token },
      });
  }
}
