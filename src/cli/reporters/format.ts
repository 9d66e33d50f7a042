export { count, describeProcess, formatBytes, printable } from '../../core/wording.ts';
