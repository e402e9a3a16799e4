import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Report } from '../src/simulator/report.ts'

const BIN = fileURLToPath(new URL('../bin/wa-gateway.ts', import.meta.url))

/** A simulated WhatsApp in a process of its own, so that what is measured does not wait for it. */
export interface Simulated {
  url: string
  root: string
  report(): Promise<Report>
  scan(user: string, qr: string): Promise<void>
  /** Puts a message of a contact into the mailboxes of a number's devices. */
  write(contact: string, to: string, text: string): Promise<void>
  stop(): Promise<void>
}

export async function startSimulated(): Promise<Simulated> {
  const child = spawn(process.execPath, [BIN, 'simulator', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { url, root, control } = JSON.parse(line) as Record<'url' | 'root' | 'control', string>
  const post = async (path: string, body: object): Promise<void> => {
    const headers = { 'content-type': 'application/json' }
    const request = { method: 'POST', headers, body: JSON.stringify(body) }
    const response = await fetch(`${control}${path}`, request)
    if (!response.ok) throw new Error(`the simulator says: ${await response.text()}`)
  }
  return {
    url,
    root,
    report: async () => (await (await fetch(`${control}/report`)).json()) as Report,
    scan: (user, qr) => post(`/phones/${user}/scan`, { qr }),
    write: (contact, to, text) => post(`/contacts/${contact}/send`, { to, text }),
    stop: async () => {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
