import type { Check } from '../check.ts';
import { chromaCheck } from './chroma.ts';
import { dataDirCheck } from './data-dir.ts';
import { diskSpaceCheck } from './disk-space.ts';
import { excessCheck } from './excess.ts';
import { guardCheck } from './guard.ts';
import { hooksCheck } from './hooks.ts';
import { safetyFeaturesCheck } from './safety-features.ts';
import { limitsCheck } from './limits.ts';
import { logsCheck } from './logs.ts';
import { machineMemoryCheck } from './machine-memory.ts';
import { manifestsCheck } from './manifests.ts';
import { modelCheck } from './model.ts';
import { networkFileSystemCheck } from './network-file-system.ts';
import { nodeCheck } from './node.ts';
import { orphansCheck } from './orphans.ts';
import { otherInstallationsCheck } from './other-installations.ts';
import { packagesCheck } from './packages.ts';
import { pm2Check } from './pm2.ts';
import { portCheck } from './port.ts';
import { processCountsCheck } from './process-counts.ts';
import { processTableCheck } from './process-table.ts';
import { pythonCheck } from './python.ts';
import { searchServerCheck } from './search-server.ts';
import { settingsCheck } from './settings.ts';
import { staleEntriesCheck } from './stale-entries.ts';
import { supervisorCheck } from './supervisor.ts';
import { treeMemoryCheck } from './tree-memory.ts';
import { uvCheck } from './uv.ts';
import { vectorWritersCheck } from './vector-writers.ts';
import { versionCheck } from './version.ts';
import { workerCheck } from './worker.ts';
import { zombiesCheck } from './zombies.ts';

/** All checks, in the order in which they are listed. The only list of them. */
export const CHECKS: readonly Check[] = [
  nodeCheck,
  settingsCheck,
  dataDirCheck,
  diskSpaceCheck,
  networkFileSystemCheck,
  uvCheck,
  pythonCheck,
  packagesCheck,
  modelCheck,
  processTableCheck,
  manifestsCheck,
  staleEntriesCheck,
  supervisorCheck,
  workerCheck,
  searchServerCheck,
  chromaCheck,
  versionCheck,
  portCheck,
  orphansCheck,
  excessCheck,
  processCountsCheck,
  treeMemoryCheck,
  zombiesCheck,
  vectorWritersCheck,
  otherInstallationsCheck,
  pm2Check,
  guardCheck,
  hooksCheck,
  safetyFeaturesCheck,
  limitsCheck,
  machineMemoryCheck,
  logsCheck,
];
