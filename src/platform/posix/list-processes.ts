import type { ProcessDescriptor } from 'ps-list';
import { isCandidateName } from '../../core/process/role-program.ts';
import type { SnapshotRequest } from '../../operations/ports/process.ts';
import { type ListedProcess, type Listing, LISTING_COLUMNS, parseListing } from './parse-ps.ts';
import type { PsTools } from './ps-tools.ts';
import { psFailure } from './run-ps.ts';

/** A process, with ps-list's description if there is one. */
export interface DescribedProcess {
  readonly listed: ListedProcess;
  readonly descriptor: ProcessDescriptor | undefined;
  /** Whether its command line may be a claude-mem program, or a record contains its pid. */
  readonly isRelevant: boolean;
}

export interface DescribedListing extends Pick<Listing, 'unparsed' | 'complete'> {
  readonly processes: readonly DescribedProcess[];
}

/**
 * Lists all processes.
 *
 * ps-list gives executables and command lines, but no process groups, states and memory, and it drops rows that it
 * cannot parse. A second listing, taken afterwards, decides which processes exist.
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
  // A ps that fails silently must not look like "no processes".
  if (!listing.processes.some((listed) => listed.pid === process.pid))
    throw psFailure(new Error('its listing does not contain this process'));
  const isComplete = listing.complete && output.isCut !== true;
  return {
    ...listing,
    complete: isComplete,
    processes: listing.processes.filter((listed) => listed.pid !== output.pid),
  };
}

/**
 * Lists children that relevant processes have started since the listing. Otherwise a tree that is spawning (a uv about
 * to start its python) would be read without its newest child, and a plan would leave that child behind. pidtree lists
 * pids and parents once more, without identities, so it only decides which pids to read.
 */
async function listBornSince(tools: PsTools, known: readonly number[], relevant: readonly number[]): Promise<Listing> {
  const links = await tools.listLinks();
  const seen = new Set(known);
  const family = new Set(relevant);
  // This process itself only starts ps meanwhile.
  const unseen = links.filter(({ pid, ppid }) => !seen.has(pid) && ppid !== process.pid);
  for (let size = -1; size < family.size;) {
    size = family.size;
    for (const { pid, ppid } of unseen) if (family.has(ppid)) family.add(pid);
  }
  const born = unseen.map(({ pid }) => pid).filter((pid) => family.has(pid));
  if (born.length === 0) return { processes: [], unparsed: [], complete: true };
  // Includes this process, so that a ps that fails silently does not look like "they are gone".
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

/** Whether the pid belongs to the same process in both listings. */
function isSameStart(listed: ListedProcess, descriptor: ProcessDescriptor | undefined): boolean {
  return descriptor?.startTime?.getTime() === Date.parse(listed.startedAt);
}
