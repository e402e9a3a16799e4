import type { Connection } from './connection.ts'
import type { Fault } from './faults.ts'
import { deviceRemoved, replaced, streamError } from './stream-errors.ts'

/** Lets a fault of the stage `opened` strike a logged-in connection. */
export function strike(connection: Connection, fault: Fault): void {
  switch (fault.kind) {
    case 'conflict':
      return connection.sendAndClose(replaced())
    case 'device-removed':
      return connection.sendAndClose(deviceRemoved())
    case 'stream-error':
      return connection.sendAndClose(streamError(fault.code))
    case 'silence':
      return connection.mute()
    case 'slow':
      connection.delayMs = fault.ms
      return undefined
    case 'drop':
      if (fault.afterFrames === undefined) connection.terminate()
      else connection.framesLeft = fault.afterFrames
      return undefined
    case 'failure':
    case 'refuse':
    case 'reset':
    case 'silent-handshake':
    case 'untrusted':
      return undefined
    default:
      return fault satisfies never
  }
}
