import { InvalidArgumentError } from 'commander'
import type { CommonOptions, Define } from './shared/context.ts'

const USAGE = `
Point a daemon at it with the two settings that it prints. \`POST /scan {"qr": "…"}\` to its control
address links a new phone, as scanning would; it takes what pairing prints, too.

Examples:
  $ wa-gateway simulator --port 8787
  $ wa-gateway session pair anna --json | curl -T - http://127.0.0.1:8787/scan
`

export const define: Define = (command, context) => {
  command
    .option('--port <number>', 'a free one is chosen unless given', port, 0)
    .addHelpText('after', USAGE)
    .action(async (options: { port: number }) => {
      const { json } = command.optsWithGlobals<CommonOptions>()
      const { Simulator } = await import('../src/simulator/simulator.ts')
      const { signal } = context
      const simulator = await Simulator.start({ port: options.port })
      const { url, rootHex: root, controlUrl: control } = simulator
      context.stdout.write(
        json
          ? `${JSON.stringify({ url, root, control })}\n`
          : `WA_GATEWAY_WHATSAPP_URL=${url}\nWA_GATEWAY_WHATSAPP_ROOT=${root}\n`,
      )
      if (!json) context.stderr.write(`control at ${control}; Ctrl-C ends it\n`)
      if (!signal.aborted)
        await new Promise((stop) => signal.addEventListener('abort', stop, { once: true }))
      await simulator.stop()
    })
}

function port(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value
  throw new InvalidArgumentError('give a port number.')
}
