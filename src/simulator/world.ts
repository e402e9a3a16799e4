import { randomInt } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { CertificateChain } from './certificate.ts'
import type { Connection } from './connection.ts'
import { ConnectionLedger } from './connection-ledger.ts'
import type { Device } from './device.ts'
import { Directory } from './directory.ts'
import { FaultTable } from './faults.ts'
import { InboundLedger } from './inbound-ledger.ts'
import { OutboundLedger } from './outbound-ledger.ts'

/** A client that asked to be linked by a code and waits for its phone. */
export interface LinkOffer {
  connection: Connection
  ref: Buffer
  wrappedEphemeral: Buffer
}

/** The state that the server's parts share. */
export class World {
  readonly chain: CertificateChain
  readonly directory = new Directory()
  readonly faults = new FaultTable()
  readonly connections = new ConnectionLedger()
  readonly inbound = new InboundLedger()
  readonly outbound = new OutboundLedger()
  /** Clients that show a QR code, by each reference that they show. */
  readonly pairings = new Map<string, Connection>()
  /** Clients that wait for a code to be typed, by phone number. */
  readonly links = new Map<string, LinkOffer>()
  /** `link`: a client waits for its code to be typed; `login`: a device is online. */
  readonly changed = new EventEmitter<{ link: [user: string]; login: [Device] }>()
  readonly live = new Set<Connection>()
  readonly #prefix = randomInt(1e6).toString(36)
  #nextId = 1

  constructor(chain: CertificateChain) {
    this.chain = chain
    this.changed.setMaxListeners(0)
  }

  stanzaId(): string {
    return `${this.#prefix}-${this.#nextId++}`
  }
}
