import type { Records } from '../../operations/ports/process.ts';
import type { NamedPipes } from '../../shared/named-pipes.ts';
import { askAnswering } from '../control/control-socket.ts';
import { readManifests, readRetired } from './manifest-reader.ts';
import { readPluginDataDir } from './plugin-settings.ts';
import { readOtherRegistries } from './other-registries.ts';

/** The records of a data dir. Reading changes nothing. A data dir that does not exist contains none. */
export function createRecords(dataDir: string, pipes?: NamedPipes): Records {
  return {
    readManifests: () => readManifests(dataDir),
    readRetired: (treeIds) => readRetired(dataDir, treeIds),
    readOtherRegistries: () => readOtherRegistries(dataDir),
    readPluginDataDir: () => readPluginDataDir(dataDir),
    askAnswering: () => askAnswering(dataDir, pipes),
  };
}
