import { dropInheritedMarks } from '../cli/inherited-marks.ts';
import { runHook } from '../cli/commands/hook/run-hook.ts';
import { openHookPorts } from './hook-ports.ts';

dropInheritedMarks();
const words = process.argv.slice(2);
void runHook(words[0] === 'hook' ? words.slice(1) : words, openHookPorts);
