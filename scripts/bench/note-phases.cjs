// Preloaded into `claude-mem leaks` by leaks-by-phase.ts: notes when each phase begins, on the monotonic clock of the machine, in
// nanoseconds. `performance` would load 4 ms of Node itself.
'use strict';
const fs = require('node:fs');
const vm = require('node:vm');

const at = { entry: process.hrtime.bigint() };
const note = (phase) => (at[phase] ??= process.hrtime.bigint());

const { readdirSync, writeSync, readFileSync } = fs;
fs.readFileSync = (...args) => {
  if (String(args[0]).endsWith('/lib/cli.js')) note('source');
  if (/^\/proc\/\d+\/stat$/.test(args[0])) at.lastRow = process.hrtime.bigint();
  return readFileSync(...args);
};
fs.readdirSync = (...args) => {
  if (args[0] === '/proc') note('table');
  return readdirSync(...args);
};
fs.writeSync = (...args) => {
  if (args[0] === 1) note('output');
  return writeSync(...args);
};
const { Script } = vm;
vm.Script = class extends Script {
  constructor(...args) {
    note('code');
    super(...args);
    note('program');
  }
};
process.once('exit', () => {
  note('exit');
  const numbers = Object.entries(at).map(([phase, time]) => [phase, String(time)]);
  fs.writeFileSync(process.env.PHASES_FILE, JSON.stringify(Object.fromEntries(numbers)));
});
