// claude-mem under PM2: pm2 start ecosystem.config.cjs
// `claude-mem start` alone already restarts crashed processes; use this only if you want PM2 above it.
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
      // PM2 counts the app as started once the command reports readiness over PM2's channel.
      wait_ready: true,
      listen_timeout: 40_000,
      // SIGINT is for terminals. A tree ends within 5 s, and PM2 must not kill it earlier.
      kill_signal: 'SIGTERM',
      kill_timeout: 10_000,
      // The supervisor ends its tree itself. PM2's tree kill would hit the worker during its shutdown.
      treekill: false,
      autorestart: true,
      max_restarts: 10,
      min_uptime: '30s',
      watch: false,
      // If you turn on `watch`: the tree's own files must not restart it.
      ignore_watch: ['node_modules', 'logs', '*.log', '*.db', '*.db-*', '.git', 'vector-db', 'chroma', 'vectors', '.claude-mem'],
    },
  ],
};
