import type { Observation } from '../../../../operations/observe/observe.ts';
import type { Sort } from '../../../../operations/leaks/order.ts';
import type { ClaudeMemError } from '../../../../shared/errors.ts';
import type { CommandInput } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import type { ExitCode } from '../../../exit-code.ts';

/** A `leaks --watch`, in a terminal or in a pipe. */
export interface WatchTask extends CommandInput<object> {
  readonly context: Context;
  readonly showForeign: boolean;
  /** List every process of each group. */
  readonly isVerbose: boolean;
  /** `--sort`; undefined: leaks first. */
  readonly sort: Sort | undefined;
  readonly intervalMs: number;
  readonly count: number | undefined;
  readonly exitCodeOf: (seen: Observation | ClaudeMemError) => ExitCode;
}
