import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'

export const define: Define = (command, context) => {
  command
    .argument('<session>')
    .argument('<to>', 'phone number with country code, or a WhatsApp id')
    .argument('<text>')
    .addHelpText('after', "\nExample:\n  $ wa-gateway session send anna +491701234567 'hello'\n")
    .action(async (session: string, to: string, text: string) =>
      withDaemon(command, context, async ({ client, signal, show }) => {
        const input = { session, to: recipient(to), text }
        const result = await client.call('session.send', input, signal)
        show(result, () => `${result.status} ${result.messageId}\n`)
      }),
    )
}

/** `+49 170 123-45 67` as digits; WhatsApp ids stay as they are. */
const recipient = (to: string) => (to.includes('@') ? to : to.replaceAll(/[+\s().-]/g, ''))
