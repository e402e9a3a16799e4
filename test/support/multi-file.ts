import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BufferJSON, useMultiFileAuthState } from '@whiskeysockets/baileys'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { Client, MemoryAuth, until } from './bare-client.ts'
import { makeFleet, type Fleet } from './fleet.ts'

/** Folders that stock Baileys wrote, one a session, under `root`. */
export async function writeFolders(
  simulator: Simulator,
  root: string,
  ids: readonly string[],
  userOf: (id: string) => string,
): Promise<Fleet> {
  const fleet = await makeFleet(simulator, ids, { userOf })
  for (const { id, creds } of fleet.accounts) {
    const { state, saveCreds } = await useMultiFileAuthState(join(root, id))
    Object.assign(state.creds, creds)
    await saveCreds()
    await state.keys.set(fleet.keys)
  }
  return fleet
}

/** A stock client over a folder. */
export class FolderClient {
  readonly client: Client
  readonly #saves: Promise<void>[]

  private constructor(client: Client, saves: Promise<void>[]) {
    this.client = client
    this.#saves = saves
  }

  /** Logs in with what lies in the folder. */
  static async open(simulator: Simulator, folder: string): Promise<FolderClient> {
    const { state, saveCreds } = await useMultiFileAuthState(folder)
    const saves: Promise<void>[] = []
    const client = new Client(simulator, new MemoryAuth(), { auth: state })
    client.socket.ev.on('creds.update', (update) => {
      Object.assign(state.creds, update)
      saves.push(saveCreds())
    })
    await client.opened()
    return new FolderClient(client, saves)
  }

  /** A message from the friend and one back; both arrive, readable. */
  async exchange(
    simulator: Simulator,
    phone: string,
    friendOf: string,
    tag: string,
  ): Promise<void> {
    const friend = simulator.contact(friendOf)
    await friend.send(phone, `in ${tag}`)
    await until(() => this.client.texts.includes(`in ${tag}`))
    await this.client.socket.sendMessage(`${friendOf}@s.whatsapp.net`, { text: `out ${tag}` })
    await friend.waitFor(`out ${tag}`)
  }

  /** Resolves when everything that it was writing is written. */
  async end(): Promise<void> {
    await this.client.end()
    await Promise.all(this.#saves)
  }
}

/** Every value of a folder as stock Baileys reads it, by file, in one spelling. */
export async function valuesIn(folder: string): Promise<Map<string, string>> {
  const values = new Map<string, string>()
  for (const name of (await readdir(folder)).toSorted()) {
    const text = await readFile(join(folder, name), 'utf8')
    const value: unknown = JSON.parse(text, BufferJSON.reviver)
    values.set(name, JSON.stringify(sorted(value), BufferJSON.replacer))
  }
  return values
}

/** The order of an object's members says nothing. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  if (Array.isArray(value)) return value.map(sorted)
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]))
}
