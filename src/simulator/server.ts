import { createChain, type CertificateChain } from './certificate.ts'
import type { ConnectionHandlers } from './connection.ts'
import { answerIq } from './iq.ts'
import { login } from './login.ts'
import { forget, offerPairing } from './pairing.ts'
import { takeAck, takeMessage, takeReceipt } from './post-office.ts'
import type { World } from './world.ts'

/** What the server does at each step of a connection's life. */
export function makeHandlers(world: World): ConnectionHandlers {
  let untrusted: CertificateChain | undefined
  return {
    chain: () => {
      const kinds = new Set(world.faults.take('handshake').map(({ kind }) => kind))
      if (kinds.has('silent-handshake')) return undefined
      if (!kinds.has('untrusted')) return world.chain
      untrusted ??= createChain()
      return untrusted
    },
    hello: (connection, hello) => {
      const asksToBeLinked = (hello.payload.devicePairingData ?? undefined) !== undefined
      if (asksToBeLinked) offerPairing(world, connection, hello)
      else login(world, connection, hello)
    },
    stanza: (connection, stanza) => {
      const { device } = connection
      if (stanza.tag === 'iq') return answerIq(world, connection, stanza)
      if (device === undefined) return undefined
      if (stanza.tag === 'message') return takeMessage(world, connection, device, stanza)
      if (stanza.tag === 'receipt') return takeReceipt(world, connection, device, stanza)
      if (stanza.tag === 'ack') return takeAck(world, device, stanza)
      return undefined
    },
    closed: (connection) => {
      world.live.delete(connection)
      forget(world, connection)
      if (connection.device?.line === connection) connection.device.line = undefined
    },
    failed: (connection, error) => {
      const who = connection.device?.name ?? 'a client that is not logged in'
      const what = error instanceof Error ? error.message : String(error)
      world.connections.protocolError(`${who}: ${what}`)
    },
  }
}
