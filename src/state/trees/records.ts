import type { Records } from '../../operations/ports/process.ts';
import { askAnswering } from '../control/control-socket.ts';
import { readManifests } from './manifest-reader.ts';
import { readOtherRegistries } from './other-registries.ts';

/** What is recorded below a data dir. Reading changes nothing; a data dir that does not exist holds nothing. */
export function createRecords(dataDir: string): Records {
  return {
    readManifests: () => readManifests(dataDir),
    readOtherRegistries: () => readOtherRegistries(dataDir),
    askAnswering: () => askAnswering(dataDir),
  };
}
