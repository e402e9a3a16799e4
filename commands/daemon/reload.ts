import { renderReload } from '../render/reload.ts'
import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'

const WHAT = `
The file and secrets in files are read again; flags and the environment stay those that the daemon
was started with. A configuration that is wrong changes nothing. SIGHUP does the same.

Examples:
  $ wa-gateway daemon reload
  $ systemctl reload wa-gateway
`

export const define: Define = (command, context) => {
  // The settings are for starting it, not for this.
  command.configureHelp({
    ...command.configureHelp(),
    visibleGlobalOptions: () => [...(command.parent?.parent?.options ?? [])],
  })
  command.addHelpText('after', WHAT).action(async () =>
    withDaemon(command, context, async ({ client, signal, show, note }) => {
      const report = await client.call('daemon.reload', {}, signal)
      for (const warning of report.warnings) note(`warning: ${warning}`)
      show(report, () => renderReload(report))
      if (report.restart.length > 0)
        note(`${waiting(report.restart.length)} a restart: systemctl restart wa-gateway`)
    }),
  )
}

const waiting = (n: number) => (n === 1 ? '1 setting needs' : `${n} settings need`)
