/** Ctrl-C, counted: the first asks to stop, the second forces. */
export interface Interrupts {
  readonly interrupted: AbortSignal;
  readonly forced: AbortSignal;
  /** Gives Ctrl-C back to the system. */
  dispose(): void;
}

export function listenForInterrupts(onFirst: () => void): Interrupts {
  const interrupted = new AbortController();
  const forced = new AbortController();
  const listener = () => {
    if (interrupted.signal.aborted) {
      forced.abort();
      return;
    }
    interrupted.abort();
    onFirst();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, listener);
  return {
    interrupted: interrupted.signal,
    forced: forced.signal,
    dispose: () => {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
