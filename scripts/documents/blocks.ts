import { renderCommands, renderHelp, runCli } from './command-output.ts';
import { renderImportTable } from './import-table.ts';
import { renderSettings } from './settings-table.ts';
import * as json from './json-examples.ts';
import * as samples from './samples.ts';
import * as terminal from './terminal-output.ts';

/** The contents of each generated block of the documents. */
const BLOCKS: Readonly<Record<string, () => string | Promise<string>>> = {
  leaks: terminal.showLeaks,
  'reap-outcomes': terminal.showReapOutcomes,
  setup: terminal.showSetup,
  doctor: terminal.showDoctor,
  status: terminal.showStatus,
  history: terminal.showHistory,
  watch: samples.showWatch,
  monit: samples.showMonit,
  'guard-status': terminal.showGuardStatus,
  'verify-scenarios': samples.showScenarios,
  'verify-command': samples.showVerifiedCommand,
  integrate: samples.showIntegration,
  api: samples.showApi,
  'jq-orphans': samples.showOrphanCount,
  'jq-changes': samples.showChanges,
  metrics: samples.showMetrics,
  'leaks-of-plugin': () => runCli(['leaks', '--from', 'test/fixtures/recordings/plugin-worker-killed.json']),
  'leaks-unverified': () => runCli(['leaks', '--from', 'test/fixtures/recordings/plugin-stopped.json']),
  help: () => renderHelp([]),
  commands: renderCommands,
  settings: renderSettings,
  'import-table': renderImportTable,
  'json-leaks': json.leaks,
  'json-watch-change': json.watchChange,
  'json-watch-end': json.watchEnd,
  'json-reap': json.reap,
  'json-status': json.status,
  'json-start': json.start,
  'json-stop': json.stop,
  'json-guard': json.guard,
  'json-setup': json.setup,
  'json-history': json.history,
  'json-doctor': json.doctor,
  'json-verify': json.verify,
  'json-log': json.log,
  'json-error': json.error,
  'json-snapshot': json.snapshot,
};

export async function renderBlock(id: string): Promise<string> {
  const render = BLOCKS[id];
  if (render === undefined) throw new Error(`there is no generated block "${id}"`);
  return render();
}
