/**
 * The supervisor lives long and does little: without machine code, helper threads and room to grow V8 takes a quarter less memory. As
 * arguments they are for this process alone; its environment would hand them on to whatever it starts.
 */
export const SUPERVISOR_FLAGS: readonly string[] = [
  '--no-opt',
  '--no-sparkplug',
  '--single-threaded',
  '--optimize-for-size',
];
