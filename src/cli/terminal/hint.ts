export { commandLine } from '../../core/process/command-line.ts';
