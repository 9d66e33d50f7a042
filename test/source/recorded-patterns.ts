import { vi } from 'vitest';

/**
 * Makes each file that composes regular expressions compose them. The patterns of `verify --allow` and of the library's
 * `allow` come from the user and are left out.
 */
const COMPOSING: Readonly<Record<string, () => Promise<unknown>>> = {
  'cli/commands/verify/command.ts': () => Promise.resolve(),
  'cli/program-name.ts': () => import('../../src/cli/program-name.ts'),
  'core/text/harmless-text.ts': async () => {
    const { escapeHidden, harmlessText, printable } = await import('../../src/core/text/harmless-text.ts');
    escapeHidden(harmlessText(printable('\u202e')));
    escapeHidden('\u202e');
  },
  'core/process/role-program.ts': async () =>
    (await import('../../src/core/process/role-program.ts')).dataDirArgument({ command: 'uv --data-dir /x' }),
  'operations/redact/personal-words.ts': async () =>
    (await import('../../src/operations/redact/personal-words.ts')).hidePersonal([], {
      homes: ['/srv/a'],
      users: ['anna'],
    })('x'),
  'operations/redact/secrets/vendor-secrets.ts': async () => {
    const { redactVendorSecrets } = await import('../../src/operations/redact/secrets/vendor-secrets.ts');
    const { vendorRules } = await import('../../src/operations/redact/secrets/vendor-rules.ts');
    // One keyword of each rule, so that each rule is compiled.
    redactVendorSecrets(
      vendorRules()
        .map(({ keywords }) => keywords[0])
        .join(' '),
    );
  },
  'platform/linux/machine/machine-load.ts': async () => {
    const { readMachineLimits, readMachineMemory } = await import('../../src/platform/linux/machine/machine-load.ts');
    readMachineMemory();
    readMachineLimits();
  },
  'platform/linux/table/smaps-rollup.ts': async () =>
    (await import('../../src/platform/linux/table/smaps-rollup.ts')).parseSmapsRollup('Pss: 1 kB'),
  'platform/named-pipes.ts': () => import('../../src/platform/named-pipes.ts'),
  'platform/posix/parse-environment.ts': async () =>
    (await import('../../src/platform/posix/parse-environment.ts')).parseMarks('a', 'a B=1'),
  'platform/posix/parse-ps.ts': () => import('../../src/platform/posix/parse-ps.ts'),
  'state/control/token.ts': () => import('../../src/state/control/token.ts'),
  'wiring/verify-command.ts': () => Promise.resolve(),
};

/** The regular expressions that these files compose when they are loaded, with the files. */
export async function record(): Promise<{ readonly patterns: readonly RegExp[]; readonly files: readonly string[] }> {
  const patterns: RegExp[] = [];
  const Original = RegExp;
  vi.stubGlobal(
    'RegExp',
    new Proxy(Original, {
      construct: (target, args: [string, string?]) => {
        const made = new target(...args);
        patterns.push(made);
        return made;
      },
    }),
  );
  try {
    for (const compose of Object.values(COMPOSING)) await compose();
  } finally {
    vi.unstubAllGlobals();
  }
  const ours = new Set(patterns.filter(({ source }) => !source.includes('node_modules')));
  return { patterns: [...ours], files: Object.keys(COMPOSING) };
}
