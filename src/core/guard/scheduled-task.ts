import type { GuardEntry } from './entry.ts';
import { xmlText } from './xml-text.ts';

/** Any moment in the past: the repetition counts from it. */
const START = '2020-01-01T00:00:00';

/**
 * A task for `schtasks /Create /XML`, in the order of elements that the Task Scheduler Schema documents ([MS-TSCH] 2.5), for the user who creates it and without more rights. `conhost --headless` runs the script without a
 * window. The path of the script is the working directory, because cmd would expand a `%` on its command line.
 */
export function renderTask({ script, everySeconds }: GuardEntry): string {
  const at = script.lastIndexOf('\\');
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>claude-mem guard: ends leaked processes. "claude-mem guard remove" deletes this task.</Description>
  </RegistrationInfo>
  <Triggers>
    <TimeTrigger>
      <Enabled>true</Enabled>
      <StartBoundary>${START}</StartBoundary>
      <Repetition>
        <Interval>PT${everySeconds / 60}M</Interval>
        <StopAtDurationEnd>false</StopAtDurationEnd>
      </Repetition>
    </TimeTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <Hidden>true</Hidden>
    <ExecutionTimeLimit>PT5M</ExecutionTimeLimit>
    <Priority>9</Priority>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>%SystemRoot%\\System32\\conhost.exe</Command>
      <Arguments>--headless cmd.exe /d /c .\\${xmlText(script.slice(at + 1))}</Arguments>
      <WorkingDirectory>${xmlText(script.slice(0, at))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
`;
}
