import { access } from 'node:fs/promises';
import { projectOf } from '../core/project.ts';
import { withTimeout } from '../shared/with-timeout.ts';

/** A network disk that does not answer must not delay events. Milliseconds. */
const LOOK_WITHIN_MS = 500;
/** Folders whose project is remembered. */
const MOST_REMEMBERED = 200;
/** A repository may be created at any time. Milliseconds. */
const REMEMBERED_MS = 60_000;

/** Finds the projects of folders without blocking the event loop. */
export function createProjectFinder(home: string): (cwd: string) => Promise<string> {
  const remembered = new Map<string, { readonly project: Promise<string>; readonly untilMs: number }>();
  return (cwd) => {
    const known = remembered.get(cwd);
    if (known !== undefined && known.untilMs > performance.now()) return known.project;
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    const project = findProject(cwd, home);
    remembered.set(cwd, { project, untilMs: performance.now() + REMEMBERED_MS });
    return project;
  };
}

async function findProject(cwd: string, home: string): Promise<string> {
  const candidates: string[] = [];
  projectOf(cwd, { home, exists: (path) => candidates.push(path) === 0 });
  const existing = new Set<string>();
  const looks = candidates.map((path) =>
    access(path).then(
      () => existing.add(path),
      // No repository here.
      () => undefined,
    ),
  );
  await withTimeout(LOOK_WITHIN_MS, Promise.all(looks));
  return projectOf(cwd, { home, exists: (path) => existing.has(path) });
}
