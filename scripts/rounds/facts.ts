import type { CommandName } from './plan.ts';
import type { Row } from './table.ts';

/** What the runner knows about one command: what it said, and what was true before and after it. */
export interface CommandFacts {
  readonly name: CommandName;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly hasTimedOut: boolean;
  /** It got a signal from the runner. */
  readonly isStruck: boolean;
  readonly losesOutput: boolean;
  /** Nothing else happened meanwhile: then what was true before and after was true while it looked. */
  readonly isAlone: boolean;
  readonly before: Truth;
  readonly after: Truth;
}

/** The runner's own reading. */
export interface Truth {
  /** Of the round, bystanders and commands included. */
  readonly rows: readonly Row[];
  /** Manifests that cannot be read. */
  readonly damagedManifests: readonly string[];
  readonly isConfigDamaged: boolean;
  readonly hasFalseRegistry: boolean;
}

/** An event or record that the program said it has. */
export interface Acknowledged {
  readonly kind: 'session' | 'observation' | 'prompt' | 'tool' | 'session-start';
  readonly token: string;
}

/** How often SQLite holds it, and whether it waits in the spool. */
export interface Found {
  readonly stored: number;
  readonly isSpooled: boolean;
}
