// Plays rounds of random faults against the built program and checks after each that nothing is left, nobody hurt, nothing lost and
// nothing said that is not true. See --help and docs/rounds.md.
import { runRounds } from './rounds/main.ts';

// A round that was cut short would go on and keep this process alive.
process.exit(await runRounds(process.argv.slice(2)));
