import * as v from 'valibot';
import { eventOf } from '../operations/hooks/event-of-payload.ts';
import type { HookEvent } from '../operations/hooks/hook-event.ts';
import { parsePayload } from '../operations/hooks/hook-payload.ts';
import type { BegunEvent } from '../operations/ports/tree.ts';
import { hookEventBody } from './request-schemas.ts';

export interface SpooledSource {
  readonly projectOf: (cwd: string) => Promise<string>;
  /** Whether nothing of a session in this place may be stored. */
  readonly isExcluded: (place: { readonly cwd: string; readonly project: string }) => boolean;
  readonly isSkippedTool: (tool: string | undefined) => boolean;
  /** The assistant's last text in a transcript. */
  readonly lastAnswer: (transcript: string) => string | undefined;
}

/**
 * Returns the event of a spooled file, bounded and without secrets; undefined if it contains nothing to store.
 * @throws Error if the file is not an event. The message contains nothing of the file.
 */
export async function eventOfSpooled(
  begun: BegunEvent,
  { projectOf, isExcluded, isSkippedTool, lastAnswer }: SpooledSource,
): Promise<HookEvent | undefined> {
  if (begun.form === 'event') {
    const checked = v.safeParse(hookEventBody, begun.content);
    if (checked.success) return isExcluded({ cwd: '', project: checked.output.project }) ? undefined : checked.output;
    throw new Error('the file is not a hook event');
  }
  if (begun.text === undefined) throw new Error('the file cannot be read, is too large, or is not a file of the owner');
  const payload = parsePayload(begun.text, undefined);
  const project = await projectOf(payload.cwd);
  if (isExcluded({ cwd: payload.cwd, project })) return undefined;
  return eventOf(payload, {
    project,
    isSkippedTool,
    at: begun.writtenAt,
    transcriptBytes: 0,
    lastAnswer,
    // The file identifies an event to which the host gives no id.
    digest: () => begun.id,
  });
}
