/** The properties in which the `ps` commands of POSIX systems differ. */
export interface PsDialect {
  /** Command lines with environments of the pids given by `-p`. */
  readonly withEnvironment: string;
  /** Command lines with environments of all processes. */
  readonly allWithEnvironment: string;
  /** A character set of the system in which `ps` prints UTF-8. */
  readonly ctype: string;
}

/** `e` shows the environment, and comes first and without a dash. */
const USUAL: PsDialect = { withEnvironment: 'eww', allWithEnvironment: 'axeww', ctype: 'C.UTF-8' };

/** A system whose `ps` differs has one entry here. */
const DIALECTS: Partial<Record<NodeJS.Platform, PsDialect>> = {
  // `-e` selects all processes and `-E` shows the environment.
  darwin: { withEnvironment: '-wwE', allWithEnvironment: '-axwwE', ctype: 'UTF-8' },
};

export function psDialect(platform: NodeJS.Platform = process.platform): PsDialect {
  return DIALECTS[platform] ?? USUAL;
}
