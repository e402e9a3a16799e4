import { withDaemon } from '../shared/cli.ts'
import type { CommonOptions, Define } from '../shared/context.ts'
import { PairingView } from '../render/pairing.ts'

/** Seconds: the daemon ends a pairing by itself; its error says more than the client's would. */
const GRACE = 1

interface PairOptions {
  code?: string
  name?: string
}

export const define: Define = (command, context) => {
  command
    .argument('<session>', 'a name of your choice')
    .option('--code <phone>', 'show a code to type on this phone instead of a QR code')
    .option('--name <name>', 'a name to show beside the session')
    .addHelpText(
      'after',
      '\nExamples:\n  $ wa-gateway session pair anna\n  $ wa-gateway session pair anna --code +491701234567\n',
    )
    .action(async (session: string, { code, name }: PairOptions) => {
      const { timeout, color } = command.optsWithGlobals<CommonOptions>()
      const phone = code?.replaceAll(/[+\s().-]/g, '')
      const view = new PairingView(session, {
        ...context,
        color: color !== false && !context.env['NO_COLOR'],
      })
      await withDaemon(
        command,
        context,
        async ({ client, signal, json, line }) => {
          const input = {
            session,
            ...(phone !== undefined && { phone }),
            ...(name !== undefined && { name }),
            ...(timeout !== undefined && {
              timeoutMs: Math.max(1_000, Math.round(timeout * 1_000)),
            }),
          }
          for await (const event of client.stream('session.pair', input, signal)) {
            if (!json) view.show(event)
            else if (event.type === 'qr') line({ type: 'qr', qr: event.qr })
            else if (event.type !== 'state') line(event)
          }
        },
        GRACE,
      )
    })
}
