import type { ProcessDescriptor } from 'ps-list';
import { isCandidateName } from '../../core/process/role-program.ts';
import type { SnapshotRequest } from '../../operations/ports/process.ts';
import { type ListedProcess, type Listing, LISTING_COLUMNS, parseListing } from './parse-ps.ts';
import type { PsTools } from './ps-tools.ts';
import { psFailure } from './run-ps.ts';

/** A process with what ps-list says of it, where it says something. */
export interface DescribedProcess {
  readonly listed: ListedProcess;
  readonly descriptor: ProcessDescriptor | undefined;
  /** Whether its command line can make it a process of ours, or a record names its pid. */
  readonly isRelevant: boolean;
}

export interface DescribedListing extends Pick<Listing, 'unparsed' | 'complete'> {
  readonly processes: readonly DescribedProcess[];
}

/**
 * All processes.
 *
 * ps-list says what runs (executable, command line) and says nothing about groups, states and bytes; it also drops rows that it
 * cannot parse. A listing of our own is taken after it and has the last word on who is there.
 * @throws ClaudeMemError `process-table-unreadable`
 */
export async function listProcesses(tools: PsTools, request: SnapshotRequest): Promise<DescribedListing> {
  const descriptors = new Map((await tools.describeAll()).map((descriptor) => [descriptor.pid, descriptor]));
  const describe = (listed: ListedProcess) => describeProcess(listed, descriptors.get(listed.pid), request);

  const { processes, unparsed, complete } = await listAll(tools);
  const described = processes.map(describe);
  const relevant = described.filter((process) => process.isRelevant).map(({ listed }) => listed.pid);
  const late = await listBornSince(tools, [...processes.map((listed) => listed.pid), ...unparsed], relevant);
  return {
    processes: [...described, ...late.processes.map(describe)],
    unparsed: [...unparsed, ...late.unparsed],
    complete: complete && late.complete,
  };
}

async function listAll(tools: PsTools): Promise<Listing> {
  const output = await tools.ps(['-A', '-ww', '-o', LISTING_COLUMNS]);
  const listing = parseListing(output.text);
  // A ps that fails quietly must not read as "no processes".
  if (!listing.processes.some((listed) => listed.pid === process.pid))
    throw psFailure(new Error('its listing does not even hold the process that asked'));
  const isComplete = listing.complete && output.isCut !== true;
  return {
    ...listing,
    complete: isComplete,
    processes: listing.processes.filter((listed) => listed.pid !== output.pid),
  };
}

/**
 * What the relevant processes have started since the listing. A tree that is spawning (a uv about to start its python) would
 * otherwise be read without its newest child, and a plan made from that reading would leave the child behind. pidtree lists pids
 * and parents once more; it knows no identities, so nothing is taken from it but which pids are worth a look.
 */
async function listBornSince(tools: PsTools, known: readonly number[], relevant: readonly number[]): Promise<Listing> {
  const links = await tools.listLinks();
  const seen = new Set(known);
  const family = new Set(relevant);
  // What this process itself starts meanwhile are its own runs of ps.
  const unseen = links.filter(({ pid, ppid }) => !seen.has(pid) && ppid !== process.pid);
  for (let size = -1; size < family.size;) {
    size = family.size;
    for (const { pid, ppid } of unseen) if (family.has(ppid)) family.add(pid);
  }
  const born = unseen.map(({ pid }) => pid).filter((pid) => family.has(pid));
  if (born.length === 0) return { processes: [], unparsed: [], complete: true };
  // With this process among them, a ps that fails quietly does not read as "they are gone".
  const listing = parseListing(
    (await tools.ps(['-ww', '-o', LISTING_COLUMNS, '-p', [...born, process.pid].join(',')])).text,
  );
  const isAnswered = listing.processes.some(({ pid }) => pid === process.pid);
  return {
    ...listing,
    processes: listing.processes.filter(({ pid }) => pid !== process.pid),
    complete: listing.complete && isAnswered,
  };
}

function describeProcess(
  listed: ListedProcess,
  descriptor: ProcessDescriptor | undefined,
  { recordedPids }: SnapshotRequest,
): DescribedProcess {
  const same = isSameStart(listed, descriptor) ? descriptor : undefined;
  const isRelevant = recordedPids.has(listed.pid) || isCandidateName(listed.name) || isCandidateName(same?.name ?? '');
  return { listed, descriptor: same, isRelevant };
}

/** Between the two listings a pid may have become another process. */
function isSameStart(listed: ListedProcess, descriptor: ProcessDescriptor | undefined): boolean {
  return descriptor?.startTime?.getTime() === Date.parse(listed.startedAt);
}
