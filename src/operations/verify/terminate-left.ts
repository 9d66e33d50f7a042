import { identityKey, type StartedProcess } from '../../core/process/descent.ts';
import { findProtected } from '../../core/verdicts/protected.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import { terminateUntilQuiet } from '../terminate/terminate-until-quiet.ts';
import type { Observation } from '../observe/observe.ts';
import type { Clock, Signaller } from '../ports/process.ts';
import type { Outcome, TerminationOptions } from '../terminate/terminate.ts';
import type { Watch, WatchLook } from './watch.ts';

export interface EndLeftPorts {
  readonly watch: Watch;
  readonly signaller: Signaller;
  readonly clock: Clock;
  /** The data dir of this command, and one by its path. */
  readonly observe: (dataDir?: string) => Promise<Observation>;
  /** Where a claude-mem keeps its records if nothing names another place, whatever data dir this command was given. Resolved. */
  readonly usualDataDir: string;
}

export interface EndLeftResult {
  readonly outcomes: readonly Outcome[];
  readonly after: WatchLook;
  /** Why a process is let live, by identity. */
  readonly protectedBy: ReadonlyMap<string, string>;
  /** Why nothing was ended: what is protected could not be learned. */
  readonly refused: string | undefined;
}

interface Look {
  readonly seen: WatchLook;
  readonly protection: Protection;
}

interface Protection {
  readonly by: ReadonlyMap<string, string>;
  readonly refused: string | undefined;
}

/** Ends what was left behind, but nothing of another user and nothing that belongs to a claude-mem which lives. What that is, is looked up anew in each pass. */
export async function terminateLeft(ports: EndLeftPorts, options: TerminationOptions): Promise<EndLeftResult> {
  const look = async (): Promise<Look> => {
    const seen = await ports.watch.look();
    return { seen, protection: await protect(seen, ports) };
  };
  const { outcomes, after } = await terminateUntilQuiet(
    { look, targetsOf, signaller: ports.signaller, clock: ports.clock },
    await look(),
    options,
  );
  return { outcomes, after: after.seen, protectedBy: after.protection.by, refused: after.protection.refused };
}

function targetsOf({ seen, protection }: Look) {
  if (protection.refused !== undefined) return [];
  return seen.left
    .filter(({ row }) => !protection.by.has(identityKey(row)))
    .map(({ row }) => ({ row, restsOnCommand: false }));
}

/** The records of this data dir and of the usual one, and of those that what is left names in its environment. */
async function protect(
  { left, snapshot }: WatchLook,
  { watch, observe, usualDataDir }: Pick<EndLeftPorts, 'watch' | 'observe' | 'usualDataDir'>,
): Promise<Protection> {
  if (left.length === 0) return { by: new Map(), refused: undefined };
  const own = await observe();
  const named = new Set([usualDataDir, ...(await watch.dataDirsOf(left))]);
  const others = [...named].filter((dataDir) => dataDir !== own.reading.dataDir);
  const looks = await Promise.all(others.map((dataDir) => lookAt(dataDir, observe)));
  const observations = [own, ...looks.filter((look) => typeof look !== 'string')];
  const blind = observations.find(({ isComplete }) => !isComplete);
  return {
    by: new Map([
      ...otherUsers(left, snapshot.self.uid),
      ...observations.flatMap(({ judgements, index, reading }) => [
        ...findProtected(judgements, { index, dataDir: reading.dataDir }),
      ]),
    ]),
    refused:
      blind === undefined
        ? looks.find((look) => typeof look === 'string')
        : `nothing was ended: what belongs to a live claude-mem on ${blind.reading.dataDir} could not be read in full`,
  };
}

/** A data dir that cannot be used stands in the environment of any process: it is the reason why nothing is ended, and hides nothing. */
async function lookAt(dataDir: string, observe: EndLeftPorts['observe']): Promise<Observation | string> {
  try {
    return await observe(dataDir);
  } catch (error) {
    if (!(error instanceof ClaudeMemError)) throw error;
    return `nothing was ended: what belongs to a live claude-mem on ${dataDir} could not be read: ${error.message}`;
  }
}

/** Root may signal them, but the environment of another user's process, which names its data dir, is not read. */
function otherUsers(left: readonly StartedProcess[], own: number | undefined): readonly (readonly [string, string])[] {
  if (own === undefined) return [];
  return left
    .filter(({ row }) => row.uid !== own)
    .map(({ row }) => [
      identityKey(row),
      row.uid === undefined ? 'its user could not be read' : `belongs to user id ${row.uid}`,
    ]);
}
