type InboundFate = 'queued' | 'delivered' | 'acknowledged' | 'refused' | 'unlinked'

/** What became of one message that a contact sent to one device. */
export interface InboundRecord {
  id: string
  device: string
  from: string
  fate: InboundFate
  deliveries: number
  retries: number
  /** The error code with which the device refused it. */
  refusal?: string
  sentAt: number
  acknowledgedAt?: number
}

export interface InboundTotals {
  sent: number
  delivered: number
  /** Deliveries after the first of the same message. */
  redeliveries: number
  acknowledged: number
  refused: number
  /** Messages whose device asked for them again, since it could not decrypt them. */
  undecryptable: number
  retryRequests: number
  /** Asked for again at least once, and acknowledged in the end. */
  recovered: number
  waiting: number
  /** In the mailbox of a device that was unlinked. */
  unlinked: number
  /** Neither acknowledged nor in a mailbox. */
  lost: number
}

/** Follows each message from a contact to a device: queued, delivered, acknowledged or refused. */
export class InboundLedger {
  readonly #records = new Map<string, InboundRecord>()

  sent(device: string, id: string, from: string): void {
    const key = keyOf(device, id)
    if (this.#records.has(key)) return
    const record = { id, device, from, fate: 'queued' as const, deliveries: 0, retries: 0 }
    this.#records.set(key, { ...record, sentAt: Date.now() })
  }

  delivered(device: string, id: string): void {
    this.#update(device, id, (record) => {
      record.deliveries += 1
      if (record.fate !== 'acknowledged') record.fate = 'delivered'
    })
  }

  acknowledged(device: string, id: string): void {
    this.#update(device, id, (record) => {
      record.fate = 'acknowledged'
      record.acknowledgedAt ??= Date.now()
    })
  }

  retryRequested(device: string, id: string): void {
    this.#update(device, id, (record) => {
      record.retries += 1
    })
  }

  /** The device dropped it with an error and asked for nothing. */
  refused(device: string, id: string, error: string): void {
    this.#update(device, id, (record) => {
      if (record.fate === 'acknowledged') return
      record.fate = 'refused'
      record.refusal = error
    })
  }

  unlinked(device: string, id: string): void {
    this.#update(device, id, (record) => {
      if (record.fate !== 'acknowledged') record.fate = 'unlinked'
    })
  }

  record(device: string, id: string): InboundRecord | undefined {
    const record = this.#records.get(keyOf(device, id))
    return record === undefined ? undefined : { ...record }
  }

  /** `holds` tells whether a mailbox still has the message. */
  totals(holds: (device: string, id: string) => boolean): {
    totals: InboundTotals
    troubled: InboundRecord[]
  } {
    const totals: InboundTotals = {
      sent: 0,
      delivered: 0,
      redeliveries: 0,
      acknowledged: 0,
      refused: 0,
      undecryptable: 0,
      retryRequests: 0,
      recovered: 0,
      waiting: 0,
      unlinked: 0,
      lost: 0,
    }
    const troubled: InboundRecord[] = []
    for (const record of this.#records.values()) {
      if (count(totals, record, holds(record.device, record.id))) troubled.push({ ...record })
    }
    return { totals, troubled }
  }

  #update(device: string, id: string, change: (record: InboundRecord) => void): void {
    const record = this.#records.get(keyOf(device, id))
    if (record !== undefined) change(record)
  }
}

/** Adds one record; true when something about it is not as it should be. */
function count(totals: InboundTotals, record: InboundRecord, held: boolean): boolean {
  const { fate, deliveries, retries } = record
  totals.sent += 1
  if (deliveries > 0) totals.delivered += 1
  totals.redeliveries += Math.max(0, deliveries - 1)
  totals.retryRequests += retries
  if (retries > 0) totals.undecryptable += 1
  if (retries > 0 && fate === 'acknowledged') totals.recovered += 1
  if (fate === 'acknowledged') totals.acknowledged += 1
  else if (fate === 'refused') totals.refused += 1
  else if (fate === 'unlinked') totals.unlinked += 1
  if (held) totals.waiting += 1
  const lost = fate !== 'acknowledged' && fate !== 'unlinked' && !held
  if (lost) totals.lost += 1
  return lost || retries > 0 || fate === 'refused'
}

function keyOf(device: string, id: string): string {
  return `${device}/${id}`
}
