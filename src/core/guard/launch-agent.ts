import type { GuardEntry } from './entry.ts';
import { xmlText } from './xml-text.ts';

/** The label of the agent, in reverse domain notation as launchd expects it. */
export function agentLabel(name: string): string {
  return `io.github.${name}`;
}

/** A property list for `~/Library/LaunchAgents`. launchd skips intervals in which the machine sleeps. */
export function renderLaunchAgent({ name, script, everySeconds }: GuardEntry): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${xmlText(agentLabel(name))}</string>
  <key>ProgramArguments</key>
  <array>
    <string>/bin/sh</string>
    <string>${xmlText(script)}</string>
  </array>
  <key>StartInterval</key>
  <integer>${everySeconds}</integer>
  <key>RunAtLoad</key>
  <false/>
  <key>ProcessType</key>
  <string>Background</string>
  <key>Nice</key>
  <integer>19</integer>
  <key>LowPriorityIO</key>
  <true/>
</dict>
</plist>
`;
}
