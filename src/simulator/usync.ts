import type { Device } from './device.ts'
import type { Person } from './directory.ts'
import { child, children, childText, node, type Node } from './nodes.ts'
import type { World } from './world.ts'

/** Answers a contact query: who exists, their devices and their LID. */
export function answerUsync(world: World, asker: Device | undefined, iq: Node): Node[] {
  const usync = child(iq, 'usync')
  const asked = new Set(
    (child(usync, 'query')?.content as Node[] | undefined)?.map(({ tag }) => tag) ?? [],
  )
  const users = children(child(usync, 'list'), 'user')
  const answers = users.flatMap((user) => answerOne(world, asker, user, asked))
  return [node('usync', { ...usync?.attrs }, [node('result'), node('list', {}, answers)])]
}

function answerOne(
  world: World,
  asker: Device | undefined,
  user: Node,
  asked: ReadonlySet<string>,
): Node[] {
  const number = childText(user, 'contact')?.replace(/\D/g, '')
  const contact = number === undefined ? undefined : world.directory.known(number)
  const jid = number === undefined ? user.attrs['jid'] : `${number}@s.whatsapp.net`
  if (jid === undefined) return []
  if (number !== undefined && contact === undefined) {
    return [node('user', { jid }, [node('contact', { type: 'out' })])]
  }
  const person = contact ?? world.directory.find(jid)?.person
  if (person === undefined) return []
  const parts: Node[] = []
  if (asked.has('contact')) parts.push(node('contact', { type: 'in' }))
  if (asked.has('devices')) parts.push(node('devices', {}, [deviceList(person)]))
  // A client that is told a LID beside devices renews its session, so it is told only what is new.
  const known = asked.has('devices') && asker?.knownLids.has(person.lid) === true
  if (asked.has('lid') && !known) {
    asker?.knownLids.add(person.lid)
    parts.push(node('lid', { val: person.lidJid }))
  }
  return [node('user', { jid }, parts)]
}

function deviceList(person: Person): Node {
  const companions = [...person.devices.values()].filter((device) => !device.unlinked)
  const list = companions.map(({ number }) => {
    return node('device', { id: String(number), 'key-index': String(number) })
  })
  return node('device-list', {}, [node('device', { id: '0' }), ...list])
}
