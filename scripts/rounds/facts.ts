import type { CommandName } from './plan.ts';
import type { Row } from './table.ts';

/** The runner's knowledge about one command: its output, and the state before and after it. */
export interface CommandFacts {
  readonly name: CommandName;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly hasTimedOut: boolean;
  /** The runner sent it a signal. */
  readonly isStruck: boolean;
  readonly losesOutput: boolean;
  /** Nothing else happened meanwhile, so what was true before and after was true during the command. */
  readonly isAlone: boolean;
  readonly before: Truth;
  readonly after: Truth;
}

/** The runner's own reading. */
export interface Truth {
  /** Processes of the round, including bystanders and commands. */
  readonly rows: readonly Row[];
  /** Manifests that cannot be read. */
  readonly damagedManifests: readonly string[];
  readonly isConfigDamaged: boolean;
  readonly hasFalseRegistry: boolean;
  /** Processes to which the runner sent a signal that ends them; they may need some time. */
  readonly struck: readonly Row[];
}

/** An event or record that the program acknowledged. */
export interface Acknowledged {
  readonly kind: 'session' | 'observation' | 'prompt' | 'tool' | 'session-start';
  readonly token: string;
}

/** How often SQLite contains it, and whether it waits in the spool. */
export interface Found {
  readonly stored: number;
  readonly isSpooled: boolean;
}
