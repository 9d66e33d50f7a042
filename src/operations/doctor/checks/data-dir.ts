import { printable } from '../../../core/text/wording.ts';
import { blocking, fail, pass, warn, type Check, type Finding } from '../check.ts';
import type { DoctorTarget, FolderAccess, FolderFacts, FolderPort } from '../../ports/doctor.ts';

export const dataDirCheck: Check = {
  id: 'data-dir',
  title: 'Data dir',
  why: 'it contains memory, records and locks, so only its owner may read and write it',
  run: async ({ target, folder }) => {
    const { dataDir, dataDirProblem } = target;
    if (dataDirProblem !== undefined) return blocking(fail(dataDirProblem.message, dataDirProblem.hint));
    const facts = await folder.facts(dataDir);
    if (facts === undefined) return pass(`${dataDir} does not exist yet; start creates it`);
    const access = target.platform === 'win32' ? folder.access?.(dataDir) : undefined;
    return (
      judge(facts, target) ??
      judgeContent(folder, target) ??
      (target.platform === 'win32' ? judgeAccess(access, target) : judgeMode(facts, target))
    );
  },
};

function judge({ uid, mode, isWritable }: FolderFacts, { dataDir, uid: own }: DoctorTarget): Finding | undefined {
  if (own !== undefined && uid !== own) {
    const fix = own === 0 ? 'Run the commands as that user, without sudo' : 'Choose your own data dir with --data-dir';
    return fail(`${dataDir} belongs to user id ${uid}, you are ${own}`, fix);
  }
  if (isWritable) return undefined;
  return fail(`${dataDir} cannot be written (mode ${octal(mode)})`, `chmod u+rwx ${quote(dataDir)}`);
}

/** A user who can write here can forge records and so choose which processes are ended. */
function judgeContent(folder: FolderPort, { dataDir, commandLine }: DoctorTarget): Finding | undefined {
  const fix = commandLine('doctor', '--fix');
  const [open, ...more] = folder.pathsOpenToOthers(dataDir);
  if (open !== undefined) return fail(`${open}${andMore(more)}, so no command starts or ends processes here`, fix);
  const [stranger, ...others] = folder.strangers(dataDir);
  if (stranger === undefined) return undefined;
  return fail(`${printable(stranger)} belongs to another user and is ignored${andMore(others)}`, fix);
}

function andMore(rest: readonly string[]): string {
  return rest.length === 0 ? '' : ` (and ${rest.length} more)`;
}

function judgeAccess(access: FolderAccess | undefined, { dataDir, commandLine }: DoctorTarget): Finding {
  if (access === undefined) return warn(`${dataDir}: Windows does not show who may use it`);
  const { isOwn, readers } = access;
  if (!isOwn) return fail(`${dataDir} belongs to another user`, 'Choose your own data dir with --data-dir');
  if (readers.length > 0)
    return warn(`${dataDir} can be read by ${readers.join(', ')}`, commandLine('doctor', '--fix'));
  return pass(`${dataDir}, only you and administrators have access`);
}

function judgeMode({ mode }: FolderFacts, { dataDir, commandLine }: DoctorTarget): Finding {
  if (isOpenToOthers(mode))
    return warn(`${dataDir} is open to other users (mode ${octal(mode)})`, commandLine('doctor', '--fix'));
  return pass(`${dataDir}, only you have access (mode ${octal(mode)})`);
}

/** Whether the mode gives group or others any permission. */
function isOpenToOthers(mode: number): boolean {
  return (mode & 0o077) !== 0;
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}

function quote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
