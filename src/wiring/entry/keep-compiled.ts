/** `runProgram` passes it to the program. */
declare const keepCompiled: (() => void) | undefined;

/** Keeps the code that V8 has compiled so far. A program that runs long calls this when it is ready; others keep it when they exit. */
export function keepCompiledCode(): void {
  // Undefined if the program runs from its sources.
  if (typeof keepCompiled === 'function') keepCompiled();
}
