import { endByHangUp } from '../exit.ts';

/** The first SIGINT, SIGTERM, SIGHUP (on Windows also a closed console) or Ctrl-Break asks the command to stop, the second one forces it. */
export interface Interrupts {
  readonly interrupted: AbortSignal;
  readonly forced: AbortSignal;
  /** Restores the default handling of these signals. */
  dispose(): void;
}

export function listenForInterrupts(onFirst: () => void): Interrupts {
  const interrupted = new AbortController();
  const forced = new AbortController();
  const listener = (signal: NodeJS.Signals) => {
    if (signal === 'SIGHUP') endByHangUp();
    if (interrupted.signal.aborted) {
      forced.abort();
      return;
    }
    interrupted.abort();
    onFirst();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const;
  for (const signal of signals) process.on(signal, listener);
  return {
    interrupted: interrupted.signal,
    forced: forced.signal,
    dispose: () => {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
