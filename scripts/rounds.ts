// Plays rounds of random faults against the built program. After each round checks that no process is left, no
// unrelated process was harmed, no data was lost, and every statement of the program was true. See --help and
// docs/rounds.md.
import { runRounds } from './rounds/main.ts';

// An interrupted round would continue and keep this process alive.
process.exit(await runRounds(process.argv.slice(2)));
