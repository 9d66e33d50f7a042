import { printable } from '../../../core/text/wording.ts';
import { blocking, fail, pass, warn, type Check, type Finding } from '../check.ts';
import type { DoctorPlace, FolderFacts, FolderPort } from '../../ports/doctor.ts';

export const dataDirCheck: Check = {
  id: 'data-dir',
  title: 'Data dir',
  why: 'memory, records and locks live there; others must not read it, and only its owner may write',
  run: async ({ place, folder }) => {
    const { dataDir, dataDirProblem } = place;
    if (dataDirProblem !== undefined) return blocking(fail(dataDirProblem.message, dataDirProblem.hint));
    const facts = await folder.facts(dataDir);
    if (facts === undefined) return pass(`${dataDir} does not exist yet; start creates it`);
    return judge(facts, place) ?? judgeContent(folder, place) ?? judgeMode(facts, place);
  },
};

function judge({ uid, mode, isWritable }: FolderFacts, { dataDir, uid: own }: DoctorPlace): Finding | undefined {
  if (own !== undefined && uid !== own) {
    const fix = own === 0 ? 'Run the commands as that user, without sudo' : 'Use one of your own with --data-dir';
    return fail(`${dataDir} belongs to user id ${uid}, you are ${own}`, fix);
  }
  if (isWritable) return undefined;
  return fail(`${dataDir} cannot be written (mode ${octal(mode)})`, `chmod u+rwx ${quote(dataDir)}`);
}

/** Whoever can write there can forge records of what is to be ended. */
function judgeContent(folder: FolderPort, { dataDir, commandLine }: DoctorPlace): Finding | undefined {
  const fix = commandLine('doctor', '--fix');
  const [open, ...more] = folder.openPlaces(dataDir);
  if (open !== undefined) return fail(`${open}: nothing is started or ended here${andMore(more)}`, fix);
  const [stranger, ...others] = folder.strangers(dataDir);
  if (stranger === undefined) return undefined;
  return fail(`${printable(stranger)} belongs to another user and is not used${andMore(others)}`, fix);
}

function andMore(rest: readonly string[]): string {
  return rest.length === 0 ? '' : ` (and ${rest.length} more)`;
}

function judgeMode({ mode }: FolderFacts, { dataDir, commandLine }: DoctorPlace): Finding {
  if (isOpenToOthers(mode))
    return warn(`${dataDir} is open to other users (mode ${octal(mode)})`, commandLine('doctor', '--fix'));
  return pass(`${dataDir}, yours alone (mode ${octal(mode)})`);
}

/** Whether anybody but the owner may do anything with a file of that mode. */
function isOpenToOthers(mode: number): boolean {
  return (mode & 0o077) !== 0;
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}

function quote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
