import { includeWords, PACKAGE_NAME, type GuardScript } from './guard-script.ts';

/**
 * The script for Windows, with the same steps. It finds its data dir by its own path, because a batch file has no encoding. Folders with
 * a version are left out: Windows installs the programs of npm in a folder without one.
 */
export function renderGuardCmd({ launcher, folders, include }: Omit<GuardScript, 'dataDir'>): string {
  const words = ['guard', 'run', ...includeWords(include)].join(' ');
  const fixed = folders.filter((pattern) => pattern.length === 1).flat();
  const candidates = [
    ...(launcher === undefined ? [] : [launcher]),
    ...[...fixed, ...USUAL_FOLDERS].map((folder) => `${folder}\\claude-mem.cmd`),
  ];
  return [
    '@echo off',
    'rem Task Scheduler runs this file: see "claude-mem guard status". "claude-mem guard remove" deletes it.',
    'rem It names no version. It finds claude-mem at each run, so an upgrade changes nothing here.',
    'setlocal EnableExtensions DisableDelayedExpansion',
    'chcp 65001 >nul',
    'set "launcher="',
    // A path is no argument of `call`, which replaces percent signs once more.
    ...candidates.flatMap((file) => [`set "candidate=${escapePercent(file)}"`, 'call :try']),
    'if not defined launcher (',
    '  >"%~dp0problem" echo no-program',
    '  exit /b 1',
    ')',
    'where /q node.exe',
    'if errorlevel 1 (',
    '  >"%~dp0problem" echo no-node',
    '  exit /b 1',
    ')',
    `if /i "%launcher:~-3%"==".js" (node "%launcher%" ${words} --data-dir "%~dp0..") else (cmd.exe /d /s /c ""%launcher%" ${words} --data-dir "%~dp0.."")`,
    'set "code=%errorlevel%"',
    'if "%code%"=="2" (>"%~dp0problem" echo refused) else (del /q "%~dp0problem" 2>nul)',
    'exit /b %code%',
    ':try',
    'if defined launcher exit /b 0',
    'if not exist "%candidate%" exit /b 0',
    `findstr /m /c:"${PACKAGE_NAME}" "%candidate%" >nul 2>nul && set "launcher=%candidate%"`,
    'exit /b 0',
    '',
  ].join('\r\n');
}

/** Variables that Windows replaces when the script runs. */
const USUAL_FOLDERS = [
  '%APPDATA%\\npm',
  '%LOCALAPPDATA%\\pnpm',
  '%ProgramFiles%\\nodejs',
  '%LOCALAPPDATA%\\Volta\\bin',
];

/** A path of this user; the usual folders keep their variables. */
function escapePercent(file: string): string {
  return USUAL_FOLDERS.some((folder) => file.startsWith(`${folder}\\`)) ? file : file.replaceAll('%', '%%');
}
