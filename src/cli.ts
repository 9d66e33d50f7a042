import { run } from './cli/program.ts';
import { cliWiring } from './wiring/cli.ts';

void run(process.argv, cliWiring);
