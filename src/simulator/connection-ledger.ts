export interface LoginRecord {
  device: string
  /** Milliseconds since the epoch. */
  at: number
}

/** A device logged in while another connection of it was still open. */
export interface DuplicateConnection {
  device: string
  at: number
}

export interface ConnectionReport {
  accepted: number
  /** Connections that asked to be linked as a new device: each shows a QR code. */
  registrations: number
  logins: number
  /** Logins in the busiest second. */
  peakLoginsPerSecond: number
  rejectedLogins: number
  pairings: number
  unlinks: number
  concurrentDuplicates: number
  protocolErrors: number
}

/** Counts connections, logins, pairings and what was wrong with them. */
export class ConnectionLedger {
  #accepted = 0
  #registrations = 0
  #rejected = 0
  readonly #logins: LoginRecord[] = []
  readonly #loginsBy = new Map<string, number>()
  readonly #perSecond = new Map<number, number>()
  readonly #pairings: LoginRecord[] = []
  readonly #unlinks: LoginRecord[] = []
  readonly #duplicates: DuplicateConnection[] = []
  readonly #errors: string[] = []

  accepted(): void {
    this.#accepted += 1
  }

  registration(): void {
    this.#registrations += 1
  }

  login(device: string): void {
    const at = Date.now()
    const second = Math.floor(at / 1000)
    this.#logins.push({ device, at })
    this.#loginsBy.set(device, this.loginsOf(device) + 1)
    this.#perSecond.set(second, (this.#perSecond.get(second) ?? 0) + 1)
  }

  loginsOf(device: string): number {
    return this.#loginsBy.get(device) ?? 0
  }

  rejectedLogin(): void {
    this.#rejected += 1
  }

  paired(device: string): void {
    this.#pairings.push({ device, at: Date.now() })
  }

  unlinked(device: string): void {
    this.#unlinks.push({ device, at: Date.now() })
  }

  duplicate(device: string): void {
    this.#duplicates.push({ device, at: Date.now() })
  }

  protocolError(message: string): void {
    this.#errors.push(message)
  }

  report(): {
    totals: ConnectionReport
    logins: LoginRecord[]
    pairings: LoginRecord[]
    unlinks: LoginRecord[]
    duplicates: DuplicateConnection[]
    errors: string[]
  } {
    return {
      totals: {
        accepted: this.#accepted,
        registrations: this.#registrations,
        logins: this.#logins.length,
        peakLoginsPerSecond: Math.max(0, ...this.#perSecond.values()),
        rejectedLogins: this.#rejected,
        pairings: this.#pairings.length,
        unlinks: this.#unlinks.length,
        concurrentDuplicates: this.#duplicates.length,
        protocolErrors: this.#errors.length,
      },
      logins: [...this.#logins],
      pairings: [...this.#pairings],
      unlinks: [...this.#unlinks],
      duplicates: [...this.#duplicates],
      errors: [...this.#errors],
    }
  }
}
