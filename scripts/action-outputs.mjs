// Writes the outputs of action.yml: node action-outputs.mjs REPORT. It runs on a machine without the packages of this repository.
import { appendFileSync, readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { env, argv } from 'node:process';

const [, , file] = argv;
const report = readReport(file);
const scenario = report?.complete === true ? report.scenarios[0] : undefined;
const outputs = {
  passed: String(report?.passed === true),
  left: scenario === undefined ? '' : String(scenario.left.length),
  report: report === undefined ? '' : file,
};
if (report?.passed === true) console.log('claude-mem verify: no process was left behind');
// A value may contain any character, so it ends with a random line.
for (const [name, value] of Object.entries(outputs)) {
  const end = randomUUID();
  if (env.GITHUB_OUTPUT) appendFileSync(env.GITHUB_OUTPUT, `${name}<<${end}\n${value}\n${end}\n`);
}

/** Undefined if `verify` refused to run, and so wrote no report. */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
