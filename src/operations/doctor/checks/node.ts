import { fail, pass, type Check } from '../check.ts';

/** As in package.json. */
const OLDEST = [20, 19] as const;

export const nodeCheck: Check = {
  id: 'node',
  title: 'Node.js',
  why: 'the whole tree runs on Node.js; older versions lack features it needs',
  run: ({ target: { node } }) => {
    const [major = 0, minor = 0] = node.version.replace(/^v/, '').split('.').map(Number);
    const isNewEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
    const found = `${node.version} (${node.file})`;
    return isNewEnough ? pass(found) : fail(`${found} is too old`, `Install Node.js ${OLDEST.join('.')} or later`);
  },
};
