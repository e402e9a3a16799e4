import type { Device } from './device.ts'
import { deviceRemoved } from './stream-errors.ts'
import type { World } from './world.ts'

/** Unlinks a device for good: its logins are refused, what waits for it is dropped. */
export function unlink(world: World, device: Device): void {
  if (device.unlinked) return
  device.unlinked = true
  world.connections.unlinked(device.name)
  for (const [, stanza] of device.mailbox.entries()) {
    if (stanza.tag === 'message') world.inbound.unlinked(device.name, String(stanza.attrs['id']))
  }
  device.mailbox.clear()
}

/** The phone's way of unlinking: the device is told at once if it is connected. */
export function unlinkFromPhone(world: World, device: Device): void {
  unlink(world, device)
  device.line?.sendAndClose(deviceRemoved())
}
