import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Accepts connections and never says a word. */
export async function silentServer(path: string): Promise<AsyncDisposable> {
  const server = createServer()
  const sockets: { destroy(): void }[] = []
  server.on('connection', (socket) => sockets.push(socket))
  server.listen(path)
  await once(server, 'listening')
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((closed) => server.close(closed))
    },
  }
}

/** What a daemon killed by SIGKILL leaves: bound, and nobody behind it. */
export async function leaveStaleSocket(path: string): Promise<void> {
  const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  const child = spawn(process.execPath, ['-e', code], { stdio: 'ignore' })
  await once(child, 'exit')
}
