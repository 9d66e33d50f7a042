import js from '@eslint/js';
import { importX } from 'eslint-plugin-import-x';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

/**
 * The import table: what a layer may import besides itself. Everything under `src` that a row does not name is forbidden to it, and
 * the message says which layer to use instead. ARCHITECTURE.md shows the same table.
 */
const layers = {
  core: { may: [], instead: 'core is pure: pass the value in as an argument' },
  shared: { may: [], instead: 'shared knows no other layer: move what needs one to the layer that uses it' },
  operations: {
    may: ['core', 'shared'],
    instead: 'declare what you need as a port in operations/ports; wiring passes the adapter in',
  },
  platform: {
    may: ['core', 'shared', 'operations/ports'],
    instead: 'an adapter implements a port of operations/ports and knows no other layer',
  },
  state: {
    may: ['core', 'shared', 'operations/ports'],
    instead: 'an adapter implements a port of operations/ports and knows no other layer',
  },
  memory: { may: ['core', 'shared', 'operations'], instead: 'take it as an argument from the program in wiring' },
  chroma: {
    may: ['core', 'shared', 'operations', 'memory'],
    instead: 'take it as an argument from the program in wiring',
  },
  worker: {
    may: ['core', 'shared', 'operations', 'chroma', 'memory'],
    instead: 'take it as an argument from wiring/worker.ts',
  },
  'search-server': {
    may: ['core', 'shared', 'operations', 'chroma', 'memory'],
    instead: 'take it as an argument from wiring/search-server.ts',
  },
  supervisor: { may: ['core', 'shared', 'operations'], instead: 'take it as an argument from wiring/supervisor.ts' },
  page: {
    may: ['core', 'shared', 'worker/page/page-state.ts', 'worker/page/page-history.ts'],
    instead: 'it runs in a browser: ask the worker, and show what it answers',
  },
  cli: {
    may: ['core', 'shared', 'operations'],
    instead: 'take it from the context that wiring/cli.ts provides',
  },
  wiring: { may: ['*'], instead: '' },
};

const everyLayer = Object.keys(layers);

/** One zone per forbidden pair, so that the message can name both. */
function forbiddenPairs() {
  return everyLayer.flatMap((layer) =>
    everyLayer
      .filter((other) => other !== layer && !layers[layer].may.includes(other) && !layers[layer].may.includes('*'))
      .map((other) => ({
        target: `./src/${layer}`,
        from: `./src/${other}`,
        except: layers[layer].may
          .filter((path) => path.startsWith(`${other}/`))
          .map((path) => `./${path.slice(other.length + 1)}`),
        message: `${layer}/ must not import ${other}/: ${layers[layer].instead}.`,
      })),
  );
}

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', '.cache/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { 'import-x': importX, regexp },
    rules: {
      // Text from outside meets only regular expressions of linear time; test/source/linear-patterns.heavy.test.ts measures each of them.
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential' }],
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones: forbiddenPairs() }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'kill',
          message: 'Only src/platform/kill.ts calls process.kill: use a Signaller.',
        },
        {
          object: 'process',
          property: 'exit',
          message: 'Only src/shared/exit.ts ends the process: set process.exitCode.',
        },
      ],
    },
  },
  {
    files: ['src/platform/kill.ts', 'src/shared/exit.ts', 'src/cli/exit.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['src/core/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^[^.]', message: 'core imports nothing but itself: no node:*, no packages.' }] },
      ],
      'no-restricted-globals': [
        'error',
        ...['process', 'performance', 'setTimeout', 'setInterval', 'Buffer'].map((name) => ({
          name,
          message: 'core has no clock and no environment: pass the value in.',
        })),
      ],
    },
  },
  { files: ['scripts/**', 'test/**'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        AbortSignal: 'readonly',
        Buffer: 'readonly',
      },
    },
  },
);
