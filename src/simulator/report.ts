import type { ConnectionReport, DuplicateConnection, LoginRecord } from './connection-ledger.ts'
import type { InboundRecord, InboundTotals } from './inbound-ledger.ts'
import { messageKey } from './mailbox.ts'
import type { OutboundTotals, ReusedCounter, UndecryptableRecord } from './outbound-ledger.ts'
import type { World } from './world.ts'

/** What the simulator saw, as plain JSON. Times are milliseconds since the epoch. */
export interface Report {
  connections: ConnectionReport & { open: number; online: number }
  inbound: InboundTotals
  outbound: OutboundTotals
  details: {
    logins: LoginRecord[]
    pairings: LoginRecord[]
    unlinks: LoginRecord[]
    /** Logins while the same device was still connected. */
    duplicateConnections: DuplicateConnection[]
    /** Linked devices that have never logged in. */
    ghosts: string[]
    /** Messages to devices that were lost, refused or asked for again. */
    troubledInbound: InboundRecord[]
    /** Messages from devices that a contact could not read at first. */
    undecryptable: UndecryptableRecord[]
    reusedCounters: ReusedCounter[]
    protocolErrors: string[]
  }
}

export function makeReport(world: World): Report {
  const { directory, connections } = world
  const seen = connections.report()
  const outbound = world.outbound.report()
  const devices = new Map([...directory.devices()].map((device) => [device.name, device]))
  const inbound = world.inbound.totals((device, id) => {
    return devices.get(device)?.mailbox.has(messageKey(id)) ?? false
  })
  const linked = [...devices.values()].filter((device) => !device.unlinked)
  return {
    connections: {
      ...seen.totals,
      open: world.live.size,
      online: linked.filter((device) => device.online).length,
    },
    inbound: inbound.totals,
    outbound: outbound.totals,
    details: {
      logins: seen.logins,
      pairings: seen.pairings,
      unlinks: seen.unlinks,
      duplicateConnections: seen.duplicates,
      ghosts: linked.map(({ name }) => name).filter((name) => connections.loginsOf(name) === 0),
      troubledInbound: inbound.troubled,
      undecryptable: outbound.unread,
      reusedCounters: outbound.reused,
      protocolErrors: seen.errors,
    },
  }
}
