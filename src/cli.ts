import { endAtOnce } from './cli/end-at-once.ts';
import { run } from './cli/program.ts';
import { cliWiring } from './wiring/cli.ts';

void run(process.argv, cliWiring).then(() => {
  endAtOnce(process.argv[2]);
});
