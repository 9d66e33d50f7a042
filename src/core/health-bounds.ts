import { ROLES, type Role } from './manifest.ts';

export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/**
 * How many processes of each role a running tree has. Wrapper and python bear the same role; the search server and Chroma come and go.
 */
const ROLE_BOUNDS: Readonly<Record<Role, Bounds>> = {
  supervisor: { least: 1, most: 1 },
  worker: { least: 1, most: 1 },
  search: { least: 0, most: 1 },
  'chroma-sync': { least: 0, most: 2 },
  'chroma-search': { least: 0, most: 2 },
  setup: { least: 0, most: 2 },
};

/** Something that is not as it should be in a running tree. */
export interface Breach {
  /** For programs: `count:worker`, … */
  readonly id: string;
  readonly message: string;
}

/** Roles of which a running tree has too few or too many. Also for a single reading, such as that of a check. */
export function countBreaches(counts: Readonly<Partial<Record<Role, number>>>): readonly Breach[] {
  return ROLES.flatMap((role) => {
    const count = counts[role] ?? 0;
    const { least, most } = ROLE_BOUNDS[role];
    if (count >= least && count <= most) return [];
    const expected = least === most ? `${most}` : `${least} to ${most}`;
    return [{ id: `count:${role}`, message: `${count} processes of role ${role}, expected ${expected}` }];
  });
}
