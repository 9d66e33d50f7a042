import { quoteShell } from '../../core/text/quote-shell.ts';
import { FAILURE_EVENT, HOOK_EVENTS } from './hook-event.ts';
import { isObject } from '../../core/is-object.ts';

/** How a host calls this program. */
export interface ProgramCall {
  /** The name under which a shell finds this program: an entry with it works on other machines and after an upgrade of Node.js. */
  readonly name?: string | undefined;
  /** Absolute paths, for a program without a name. */
  readonly node: string;
  readonly script: string;
  /** Absent for the default data dir. */
  readonly dataDir?: string | undefined;
  /** Runs for every hook that needs no answer; absent on a system without a POSIX shell, where this program runs for all of them. */
  readonly hookScript?: string | undefined;
  /** Whether the host knows the event of a failed tool. A host that does not would ignore all its settings. Undefined if unknown. */
  readonly reportsFailures?: boolean | undefined;
}

export type Json = Readonly<Record<string, unknown>>;

/** Seconds after which the host aborts a hook. The hook ends long before. */
const TIMEOUT_S = 10;
/** Identifies claude-mem's own entry, independent of its paths. */
const FOR_HOST = '--for=claude-code';
const SERVER_NAME = 'claude-mem';

/** The hook entries for Claude Code's settings. */
export function hookSettings(program: ProgramCall): Json {
  return { hooks: Object.fromEntries(wantedEvents(program).map((event) => [event, [groupFor(event, program)]])) };
}

/** The entry for the list of MCP servers. */
export function serverSettings(program: ProgramCall): Json {
  return { mcpServers: { [SERVER_NAME]: serverFor(program) } };
}

function wantedEvents({ reportsFailures }: ProgramCall): readonly string[] {
  return reportsFailures === true ? [...HOOK_EVENTS, FAILURE_EVENT] : HOOK_EVENTS;
}

function groupFor(event: string, program: ProgramCall): { readonly hooks: readonly HookEntry[] } {
  return { ...(event.startsWith('PostToolUse') ? { matcher: '*' } : {}), hooks: [hookFor(event, program)] };
}

interface HookEntry {
  readonly type: string;
  readonly command: string;
  /** Seconds. */
  readonly timeout: number;
}

function hookFor(event: string, { dataDir, hookScript, ...program }: ProgramCall): HookEntry {
  const dataDirFlag = dataDir === undefined ? [] : ['--data-dir', dataDir];
  // The start of a session gives it the memory of its project, which takes more than a script.
  const words =
    hookScript === undefined || event === 'SessionStart'
      ? [...callOf(program), 'hook', event, FOR_HOST, ...dataDirFlag]
      : [hookScript, event, FOR_HOST];
  return { type: 'command', command: quoteShell(words), timeout: TIMEOUT_S };
}

function serverFor({ dataDir, ...program }: ProgramCall): { readonly command: string; readonly args: string[] } {
  const dataDirFlag = dataDir === undefined ? [] : ['--data-dir', dataDir];
  const [command, ...first] = callOf(program);
  return { command, args: [...first, 'search-server', ...dataDirFlag] };
}

function callOf({ name, node, script }: Pick<ProgramCall, 'name' | 'node' | 'script'>): [string, ...string[]] {
  return name === undefined ? [node, script] : [name];
}

/** One change of a JSON file; an undefined value removes the field. */
export interface JsonEdit {
  readonly path: readonly string[];
  readonly value: unknown;
}

/**
 * Computes the edits after which each hook calls this program exactly once; without a program, never. Entries of other programs stay. In
 * claude-mem's own entries only type and command change.
 * @throws Error that names the part of the settings with an unexpected format.
 */
export function hookEdits(settings: Json, program: ProgramCall | undefined): readonly JsonEdit[] {
  const hooks = fieldsOf(settings.hooks ?? {}, 'hooks');
  const before = new Map(Object.entries(hooks).map(([event, groups]) => [event, listOf(groups, `hooks.${event}`)]));
  const events = [...new Set([...before.keys(), ...(program === undefined ? [] : wantedEvents(program))])];
  const edits = events
    .map((event) => {
      const groups = before.get(event) ?? [];
      return { event, groups, after: groupsAfter(event, groups, program) };
    })
    .filter(({ groups, after }) => !isEqual(groups, after))
    .map(({ event, after }) => ({ path: ['hooks', event], value: after.length === 0 ? undefined : after }));
  const isEmptied = edits.length > 0 && edits.length === before.size && edits.every(({ value }) => value === undefined);
  return isEmptied ? [{ path: ['hooks'], value: undefined }] : edits;
}

/** The hooks that run claude-mem, with their commands. Skips anything of an unexpected format, as Claude Code does. */
export function installedHooks(settings: Json): readonly { readonly event: string; readonly command: string }[] {
  const hooks = isObject(settings.hooks) ? settings.hooks : {};
  return Object.entries(hooks).flatMap(([event, groups]) => {
    const entries = (Array.isArray(groups) ? (groups as readonly unknown[]) : []).flatMap((group) =>
      isObject(group) && Array.isArray(group.hooks) ? (group.hooks as readonly unknown[]) : [],
    );
    return entries.filter(isOurHook).map(({ command }) => ({ event, command: String(command) }));
  });
}

function groupsAfter(event: string, groups: readonly unknown[], program: ProgramCall | undefined): readonly unknown[] {
  const wanted = program !== undefined && isWanted(event, groups, program) ? groupFor(event, program) : undefined;
  const [wantedHook] = wanted?.hooks ?? [];
  let renewals = 0;
  const renewed = (hook: unknown): readonly unknown[] => {
    if (!isOurHook(hook)) return [hook];
    if (wantedHook === undefined || renewals > 0) return [];
    renewals += 1;
    return [{ ...hook, type: wantedHook.type, command: wantedHook.command }];
  };
  const after = groups.flatMap((group) => {
    if (!hasOurHook(group)) return [group];
    const hooks = group.hooks.flatMap(renewed);
    return hooks.length === 0 ? [] : [{ ...group, hooks }];
  });
  return wanted === undefined || renewals > 0 ? after : [...after, wanted];
}

/**
 * The same for the list of MCP servers.
 * @throws Error also for another server of our name.
 */
export function serverEdits(settings: Json, program: ProgramCall | undefined): readonly JsonEdit[] {
  const servers = fieldsOf(settings.mcpServers ?? {}, 'mcpServers');
  const [name, server] = Object.entries(servers).find(([key, value]) => isOurServer(key, value)) ?? [];
  if (program === undefined) {
    if (name === undefined) return [];
    const isLast = Object.keys(servers).length === 1;
    return [{ path: isLast ? ['mcpServers'] : ['mcpServers', name], value: undefined }];
  }
  if (name === undefined && SERVER_NAME in servers) {
    throw new Error(`mcpServers.${SERVER_NAME} is another server; rename or remove it`);
  }
  const value = { ...(isObject(server) ? server : {}), ...serverFor(program) };
  return isEqual(server, value) ? [] : [{ path: ['mcpServers', name ?? SERVER_NAME], value }];
}

function isWanted(event: string, groups: readonly unknown[], program: ProgramCall): boolean {
  if (wantedEvents(program).includes(event)) return true;
  // A person may have added it for a host whose version is unknown.
  return event === FAILURE_EVENT && program.reportsFailures === undefined && groups.some(hasOurHook);
}

function hasOurHook(group: unknown): group is Json & { readonly hooks: readonly unknown[] } {
  return isObject(group) && Array.isArray(group.hooks) && group.hooks.some(isOurHook);
}

function isOurHook(hook: unknown): hook is Json {
  return isObject(hook) && typeof hook.command === 'string' && runsOurHook(hook.command);
}

/** Recognizes the entry as `integrate` writes it and as a person types it. Word by word: one pattern for both would not be linear. */
function runsOurHook(command: string): boolean {
  const words = command.trim().split(/\s+/);
  if (words.at(-1) === FOR_HOST && OUR_SCRIPT.test(words.at(-3) ?? '')) return true;
  const at = words.findIndex((word, index) => word === 'hook' && OUR_PROGRAM.test(words[index - 1] ?? ''));
  if (at === -1) return false;
  const rest = words.slice(at + 1);
  if (rest.slice(1).includes(FOR_HOST)) return true;
  const isTyped = TYPED_PROGRAM.test(words[at - 1] ?? '');
  return isTyped && (rest.length === 0 || (rest.length === 1 && HOOK_EVENTS.some((event) => event === rest[0])));
}

/** The hook script of a data dir, whose path may contain spaces and quotes. */
const OUR_SCRIPT = /\/bin\/hook'?$/;
/** The last word of a path, which may contain spaces and quotes. */
const OUR_PROGRAM = /(?:cli\.js|claude-mem(?:-cli)?)['"]?$/;
const TYPED_PROGRAM = /(?:^|['"/])claude-mem(?:-cli)?['"]?$/;

function isOurServer(name: string, server: unknown): boolean {
  if (!isObject(server) || !Array.isArray(server.args) || !server.args.includes('search-server')) return false;
  return (
    name === SERVER_NAME ||
    (typeof server.command === 'string' && /(?:^|[/\\])claude-mem(?:-cli)?$/.test(server.command))
  );
}

function fieldsOf(value: unknown, name: string): Json {
  if (isObject(value)) return value;
  throw new Error(`"${name}" is not an object`);
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`"${name}" is not a list`);
}

/** Compares two JSON values whose fields are in the same order. */
function isEqual(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
