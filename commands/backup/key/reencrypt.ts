import type { Event } from '../../../src/control/api.ts'
import { EXIT } from '../../../src/session/errors.ts'
import { bytes as inBytes } from '../../../src/words/bytes.ts'
import { withDaemon } from '../../shared/cli.ts'
import type { Define } from '../../shared/context.ts'
import { exitWith } from '../../shared/exit.ts'
import { follow } from '../../shared/follow.ts'

const HOW = `
Reads every object and seals those anew that are under an earlier key, or were stored before there was a
key (with WA_GATEWAY_ALLOW_PLAINTEXT=true). Sessions go on running. It can be stopped and run again.

Example: leave a key behind for good, as after it was stolen
  $ wa-gateway backup key add
  $ sleep 180
  $ wa-gateway backup key rotate
  $ sleep 180
  $ wa-gateway backup key reencrypt
  $ wa-gateway backup key remove 0123456789abcdef
`

export const define: Define = (command, context) => {
  command.addHelpText('after', HOW).action(async () =>
    withDaemon(command, context, async (cli) => {
      await follow(cli, context, 'backup.key.reencrypt', {}, (event, display) => {
        if (event.type === 'failed') display.say(`${event.object}: FAILED: ${event.detail}`)
        if (event.type !== 'end') return
        display.end()
        if (!cli.json) display.print(render(event.summary))
        const { failed, objects } = event.summary
        if (failed > 0) exitWith(failed < objects ? EXIT.partial : EXIT.failed)
      })
    }),
  )
}

type Summary = Extract<Event<'backup.key.reencrypt'>, { type: 'end' }>['summary']

function render({ key, objects, rewritten, current, failed, bytes }: Summary): string {
  const wrong = failed > 0 ? `, ${failed} failed` : ''
  return `${objects} objects: ${rewritten} rewritten (${inBytes(bytes)}), ${current} were under key ${key} already${wrong}\n`
}
