import { createHash } from 'node:crypto'

import { isOwnType, ADOPTED_TYPE } from '../session/own-type.ts'

import { giveBack } from './give-back.ts'
import { decodeValue, encodeValue } from './codec.ts'
import type { Entry } from './port.ts'
import { packWrites } from './writes.ts'

/** Hex sha256 of Baileys' values among these; their order does not matter. */
function digestOf(entries: readonly Entry[]): string {
  const theirs = entries.filter(({ type }) => !isOwnType(type))
  const sorted = theirs.toSorted((a, b) => order(a.type, b.type) || order(a.id, b.id))
  const packed = packWrites(sorted)
  const digest = createHash('sha256').update(packed).digest('hex')
  giveBack(packed)
  return digest
}

/** Lies among a session's values from its adoption on, and says from which ones it began. */
export function adoptionMark(entries: readonly Entry[]): Entry {
  return { type: ADOPTED_TYPE, id: '', value: encodeValue(digestOf(entries)) }
}

/** True where `state` consists of these values, or began with them and went on. */
export function isAdoptionOf(state: readonly Entry[], entries: readonly Entry[]): boolean {
  const digest = digestOf(entries)
  const mark = state.find(({ type }) => type === ADOPTED_TYPE)
  return (mark !== undefined && decodeValue(mark.value) === digest) || digestOf(state) === digest
}

/** `creds.me.id`: the linked device, as `<phone>:<device>@s.whatsapp.net`. */
export function deviceOf(entries: readonly Entry[]): string | undefined {
  const creds = entries.find(({ type }) => type === 'creds')
  if (creds === undefined) return undefined
  try {
    const { me } = (decodeValue(creds.value) ?? {}) as { me?: { id?: unknown } | null }
    return typeof me?.id === 'string' ? me.id : undefined
  } catch {
    // That they cannot be decoded is among their faults (check.ts).
    return undefined
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
