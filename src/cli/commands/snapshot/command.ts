import { defineCommand, type CommandInput } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { judgeReading } from '../../../operations/observe/observe.ts';
import type { redactReading } from '../../../operations/redact/redact.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { commandLine } from '../../terminal/hint.ts';

interface SnapshotOptions {
  readonly redact?: boolean;
}

export const snapshotCommand = (wiring: CliWiring) =>
  defineCommand<SnapshotOptions>(wiring, {
    name: 'snapshot',
    summary: 'record the process table and the manifests for a bug report',
    description:
      'Writes everything that `leaks` reads to FILE, or to stdout without FILE. `leaks --from FILE` judges it on any machine.',
    examples: [
      ['claude-mem snapshot --redact leak.json', 'attach this file to a bug report'],
      ['claude-mem snapshot | gzip > leak.json.gz', 'write to stdout'],
    ],
    exitCodes: [
      [EXIT.ok, 'recorded'],
      [EXIT.found, 'the file could not be written'],
      [EXIT.couldNotLook, 'recorded, but the reading is incomplete; or nothing could be read'],
    ],
    canBeQuiet: true,
    configure: (command) =>
      command
        .argument('[file]', 'the file to write; replaces an existing one')
        .option('--redact', 'remove home paths, user names and secrets; the verdicts stay the same'),
    run: recordSnapshot,
  });

async function recordSnapshot({
  options,
  args,
  openContext,
  wiring,
  output,
}: CommandInput<SnapshotOptions>): Promise<ExitCode> {
  if (options.quiet === true && args[0] === undefined)
    throw new ClaudeMemError('usage', '--quiet needs a file: without one, the snapshot is the output', {
      hint: 'Use `claude-mem snapshot --quiet FILE`.',
    });
  const context = openContext({ acts: false, ifMissing: 'look' });
  const taken = await context.takeFullReading();
  const { isComplete, judgements } = judgeReading(taken);
  if (isComplete) context.assertDataDirExists(judgements);
  const reading = options.redact === true ? await redacted(taken, context.personal()) : taken;
  const file = args[0];
  const text = await wiring.writeSnapshot(file, reading);
  const processes = reading.snapshot.processes.length;
  if (file === undefined) output.data(text);
  else if (options.json === true)
    output.data(JSON.stringify({ schemaVersion: 1, command: 'snapshot', file, processes, complete: isComplete }));
  else
    output.note(
      `Recorded ${processes} processes in ${file}. To judge them:  ${commandLine(['leaks', '--from', file])}`,
    );
  return isComplete ? EXIT.ok : EXIT.couldNotLook;
}

/** Loads the rules for secrets only if needed: no other command of this program redacts. */
async function redacted(...given: Parameters<typeof redactReading>) {
  const redaction = await import('../../../operations/redact/redact.ts');
  return redaction.redactReading(...given);
}
