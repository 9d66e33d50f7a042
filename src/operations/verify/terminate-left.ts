import { identityKey, type StartedProcess } from '../../core/process/descent.ts';
import type { ProcessRow, ProcessSnapshot } from '../../core/process/snapshot.ts';
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
  /** Observes a data dir; default: that of this command. */
  readonly observe: (dataDir?: string) => Promise<Observation>;
  /** The default data dir of claude-mem, also if this command was given another one. Resolved. */
  readonly usualDataDir: string;
  /** Another reason not to end a process of this reading; default: none. */
  readonly spare?: (row: ProcessRow, snapshot: ProcessSnapshot) => string | undefined;
}

export interface EndLeftResult {
  readonly outcomes: readonly Outcome[];
  readonly after: WatchLook;
  /** Why a process is spared, by identity. */
  readonly protectedBy: ReadonlyMap<string, string>;
  /** Why no process was ended: the protected processes could not be determined. */
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

/** Ends the processes left behind, except those of another user and those of a live claude-mem. Each pass determines these again. */
export async function terminateLeft(ports: EndLeftPorts, options: TerminationOptions): Promise<EndLeftResult> {
  const look = async (): Promise<Look> => {
    const seen = await ports.watch.look();
    const { by, refused } = await protect(seen, ports);
    return { seen, protection: { by: new Map([...by, ...sparedBy(seen, ports)]), refused } };
  };
  const { outcomes, after } = await terminateUntilQuiet(
    { look, targetsOf, signaller: ports.signaller, clock: ports.clock },
    await look(),
    options,
  );
  return { outcomes, after: after.seen, protectedBy: after.protection.by, refused: after.protection.refused };
}

function sparedBy({ left, snapshot }: WatchLook, { spare }: EndLeftPorts): readonly (readonly [string, string])[] {
  return left.flatMap(({ row }) => {
    const reason = spare?.(row, snapshot);
    return reason === undefined ? [] : [[identityKey(row), reason] as const];
  });
}

function targetsOf({ seen, protection }: Look) {
  if (protection.refused !== undefined) return [];
  return seen.left
    .filter(({ row }) => !protection.by.has(identityKey(row)))
    .map(({ row }) => ({ row, restsOnCommand: false }));
}

/** Reads three kinds of data dirs: this one, the default one, and those named in the environments of the processes left. */
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
        : `no process was ended: the records and processes of ${blind.reading.dataDir} could not be read in full`,
  };
}

/** Any process can name an unusable data dir in its environment. That prevents the ending, but not the report. */
async function lookAt(dataDir: string, observe: EndLeftPorts['observe']): Promise<Observation | string> {
  try {
    return await observe(dataDir);
  } catch (error) {
    if (!(error instanceof ClaudeMemError)) throw error;
    return `no process was ended: the records and processes of ${dataDir} could not be read: ${error.message}`;
  }
}

/** Root may signal processes of other users, but their environments, which name their data dirs, are not read. */
function otherUsers(left: readonly StartedProcess[], own: number | undefined): readonly (readonly [string, string])[] {
  if (own === undefined) return [];
  return left
    .filter(({ row }) => row.uid !== own)
    .map(({ row }) => [
      identityKey(row),
      row.uid === undefined ? 'its user could not be read' : `belongs to user id ${row.uid}`,
    ]);
}
