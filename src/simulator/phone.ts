import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from '../session/errors.ts'
import { Contact } from './contact.ts'
import { Device, type DeviceKeys } from './device.ts'
import { exchangeCode } from './link-code.ts'
import { link, pairingFor, readQr } from './pairing.ts'
import { unlinkFromPhone } from './unlink.ts'
import { waitUntil, type WaitOptions } from './waiting.ts'

/** An account's phone: links devices by QR code or by code, unlinks them, and is a contact too. */
export class Phone extends Contact {
  /** The devices that it has linked and not unlinked. */
  get devices(): Device[] {
    return [...this.person.devices.values()].filter((device) => !device.unlinked)
  }

  /**
   * Scans a QR code, after a while if told so. Resolves once the client has signed, just before
   * it is told to connect again. Throws `usage` for a code that no client shows.
   */
  async scan(
    qr: string,
    options: { afterMs?: number; signal?: AbortSignal } = {},
  ): Promise<Device> {
    const { ref, secret } = readQr(qr)
    if (options.afterMs !== undefined) {
      await sleep(options.afterMs, undefined, {
        ref: false,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      })
    }
    return link(this.world, this.person, pairingFor(this.world, ref), secret)
  }

  /**
   * Types the code that a client shows for this number, once that client has asked for one.
   * Throws `usage` when the code is wrong; the client may be given another try.
   */
  async enterCode(code: string, options?: WaitOptions): Promise<Device> {
    const typed = code.replace(/[\s-]/g, '').toUpperCase()
    if (typed.length !== 8) {
      throw new GatewayError({ code: 'usage', message: 'a pairing code has 8 characters' })
    }
    const { links, changed } = this.world
    const offer = await waitUntil(
      `a client that asks to be linked to ${this.user}`,
      () => links.get(this.user),
      (again) => {
        changed.on('link', again)
        return () => changed.off('link', again)
      },
      options,
    )
    const secret = await exchangeCode(this.world, this.person.endpoint.identity, offer, typed)
    return link(this.world, this.person, offer.connection, secret)
  }

  /**
   * Links a device of these keys that nobody scanned here: what a client with that state is known
   * as from then on, under this number or the next. Whoever needs a thousand accounts need not pair each.
   */
  adopt(keys: DeviceKeys, preKeys: ReadonlyMap<number, string>, wanted?: number): Device {
    const { user, lid } = this.person
    const number = wanted ?? this.person.nextDevice
    this.person.nextDevice = Math.max(this.person.nextDevice, number + 1)
    const device = new Device({ user, lid, number }, keys)
    for (const [id, key] of preKeys) device.preKeys.set(id, key)
    device.historySent = true
    this.person.devices.set(device.number, device)
    return device
  }

  /** Unlinks a device, as a person does in the phone's list of linked devices. */
  unlink(device: Device): void {
    unlinkFromPhone(this.world, device)
  }
}
