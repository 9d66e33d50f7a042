// Plays one round in its own pid namespace. Arguments: the file with the order, and the file for the result.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { runHere, type RoundOrder } from './run-round.ts';

const [task = '', answer = ''] = process.argv.slice(2);
const result = await runHere(JSON.parse(readFileSync(task, 'utf8')) as RoundOrder, new AbortController().signal);
writeFileSync(`${answer}.new`, JSON.stringify(result));
renameSync(`${answer}.new`, answer);
process.exit(0);
