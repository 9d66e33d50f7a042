import { isNotYounger } from '../../core/process/identity.ts';
import { isChromaProgram } from '../../core/process/role-program.ts';
import type { ProcessSnapshot } from '../../core/process/snapshot.ts';
import type { Judgement } from '../../core/verdicts/verdict.ts';

/** A process below the wrapper that started it. */
export interface Link {
  readonly judgement: Judgement;
  /** 0 for the first process of a chain. */
  readonly depth: number;
}

/** A uv wrapper with its python and everything below, or a single process. Each process comes after its parent. */
export type Chain = readonly [Link, ...Link[]];

/** Joins each wrapper with the processes that it started and that have the same verdict. Keeps the order of the first processes. */
export function chainsOf(judgements: readonly Judgement[], snapshot: ProcessSnapshot): readonly Chain[] {
  const parents = new JudgedParents(judgements, snapshot);
  const wrapperOf = (judgement: Judgement) => {
    const parent = parents.of(judgement);
    return parent !== undefined && isOneProgram(parent, judgement) ? parent : undefined;
  };
  const children = new Map<Judgement, Judgement[]>();
  const heads: Judgement[] = [];
  for (const judgement of judgements) {
    const wrapper = wrapperOf(judgement);
    if (wrapper === undefined) heads.push(judgement);
    else addTo(children, wrapper, judgement);
  }
  const seen = new Set<Judgement>();
  const chains = heads.map((head) => chainBelow(head, children, seen));
  // A torn reading can show a cycle, which has no first process.
  const hidden = judgements.filter((judgement) => !seen.has(judgement));
  return [...chains, ...hidden.flatMap((one) => (seen.has(one) ? [] : [chainBelow(one, children, seen)]))];
}

/** The parents of processes within a list, if they have the same verdict. */
export class JudgedParents {
  readonly #byPid: ReadonlyMap<number, Judgement>;
  readonly #snapshot: ProcessSnapshot;
  readonly #tops = new Map<Judgement, Judgement>();

  constructor(judgements: readonly Judgement[], snapshot: ProcessSnapshot) {
    this.#byPid = new Map(judgements.map((judgement) => [judgement.row.pid, judgement]));
    this.#snapshot = snapshot;
  }

  of({ row, verdict }: Judgement): Judgement | undefined {
    const parent = this.#byPid.get(row.ppid);
    if (parent?.verdict !== verdict || row.ppid === row.pid) return undefined;
    return isNotYounger(parent.row, row, this.#snapshot) ? parent : undefined;
  }

  /** The topmost ancestor with the same verdict in an unbroken line; the process itself if its parent has another verdict. */
  topOf(judgement: Judgement): Judgement {
    const passed = new Set<Judgement>();
    let top = judgement;
    for (let next: Judgement | undefined = judgement; next !== undefined && !passed.has(next); next = this.of(top)) {
      passed.add(next);
      top = this.#tops.get(next) ?? next;
    }
    // Remembered, because a chain can be long.
    for (const each of passed) this.#tops.set(each, top);
    return top;
  }
}

function addTo(lists: Map<Judgement, Judgement[]>, key: Judgement, item: Judgement): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** On Windows, `chroma-mcp.exe` starts the real python with the same arguments, so a chroma-mcp below another one belongs to it. */
function isOneProgram(parent: Judgement, child: Judgement): boolean {
  return parent.sharesWithChildren || (isChromaProgram(parent.row) && isChromaProgram(child.row));
}

function chainBelow(
  head: Judgement,
  children: ReadonlyMap<Judgement, readonly Judgement[]>,
  seen: Set<Judgement>,
): Chain {
  const links: Link[] = [];
  const open: Link[] = [{ judgement: head, depth: 0 }];
  for (let link = open.pop(); link !== undefined; link = open.pop()) {
    if (seen.has(link.judgement)) continue;
    seen.add(link.judgement);
    links.push(link);
    const { depth } = link;
    const below = children.get(link.judgement) ?? [];
    open.push(...below.map((judgement) => ({ judgement, depth: depth + 1 })).reverse());
  }
  return links as [Link, ...Link[]];
}
