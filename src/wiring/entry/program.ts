import { runProgram } from './run-program.ts';

/** Defined by the build: this entry becomes one file for each program. */
declare const PROGRAM: string;

runProgram(PROGRAM);
