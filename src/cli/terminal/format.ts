export { count, describeProcess, formatBytes, formatNumber, printable } from '../../core/text/wording.ts';
