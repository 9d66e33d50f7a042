export { commandLine } from '../../core/command-line.ts';
