/** Exit codes are API: README and `--help` list them, and tests check both. */
export const EXIT = {
  ok: 0,
  found: 1,
  usage: 2,
  notRunning: 3,
  couldNotLook: 4,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code of the command that `verify` ran, passed on unchanged. */
export type PassedExitCode = number & { readonly isPassedOn: true };

export function passOn(exitCode: number): PassedExitCode {
  return exitCode as PassedExitCode;
}
