export { count, describeProcess, formatBytes, printable } from '../../core/text/wording.ts';
