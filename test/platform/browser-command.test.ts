import { expect, test } from 'vitest';
import { browserCommand } from '../../src/platform/browser-command.ts';

const URL = 'http://127.0.0.1:1/#code=x';

test.each([
  ['linux', { DISPLAY: ':0' }, ['xdg-open', URL]],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, ['xdg-open', URL]],
  ['linux', {}, undefined],
  ['linux', { DISPLAY: '' }, undefined],
  ['linux', { DISPLAY: 'localhost:10.0', SSH_CONNECTION: '::1 1 ::1 22' }, undefined],
  ['darwin', {}, ['open', URL]],
  ['darwin', { SSH_TTY: '/dev/ttys001' }, undefined],
  ['win32', { SystemRoot: 'D:\\Win' }, ['D:\\Win\\System32\\rundll32.exe', 'url.dll,FileProtocolHandler', URL]],
])('the browser command on %s with %j is %j', (platform, env, command) => {
  expect(browserCommand(URL, platform, env)).toEqual(command);
});
