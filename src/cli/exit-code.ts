/** Exit codes are API: DESIGN, README and `--help` list them, tests hold them. */
export const EXIT = {
  ok: 0,
  found: 1,
  usage: 2,
  notRunning: 3,
  couldNotLook: 4,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code of a command that was run for somebody, passed on as it is. */
export type PassedExitCode = number & { readonly isPassedOn: true };

export function passOn(exitCode: number): PassedExitCode {
  return exitCode as PassedExitCode;
}
