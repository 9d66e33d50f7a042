// claude-mem under PM2, for those who keep one: pm2 start ecosystem.config.cjs
// Neither is needed for the other: `claude-mem start` alone restarts what crashes.
const { execFileSync } = require('node:child_process');
const { join } = require('node:path');

/** PM2 runs a script, not a command. */
function cli() {
  const script = process.env.CLAUDE_MEM_CLI;
  if (script) return script;
  return join(execFileSync('npm', ['root', '--global'], { encoding: 'utf8' }).trim(), 'claude-mem-cli/dist/cli.js');
}

module.exports = {
  apps: [
    {
      name: 'claude-mem',
      script: cli(),
      args: 'start --foreground',
      interpreter: process.execPath,
      exec_mode: 'fork',
      instances: 1,
      // Started means ready: the command says so over the channel that PM2 opens.
      wait_ready: true,
      listen_timeout: 40_000,
      // SIGINT is for terminals; a tree ends within 5 s, and PM2 must not kill it before.
      kill_signal: 'SIGTERM',
      kill_timeout: 10_000,
      // The supervisor ends its tree itself; PM2's own tree kill would hit the worker in the middle of it.
      treekill: false,
      autorestart: true,
      max_restarts: 10,
      min_uptime: '30s',
      watch: false,
      // In case you switch watching on: what the tree itself writes must not restart it.
      ignore_watch: ['node_modules', 'logs', '*.log', '*.db', '*.db-*', '.git', 'vector-db', 'chroma', 'vectors', '.claude-mem'],
    },
  ],
};
