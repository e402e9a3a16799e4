import { join } from 'node:path'
import type { Computed } from './option.ts'

/** systemd gives several directories with colons between them; the first is ours. */
function first(list: string | undefined): string | undefined {
  const [head] = (list ?? '').split(':')
  return head === undefined || head === '' ? undefined : head
}

export const stateDir: Computed<string> = {
  words:
    '`$STATE_DIRECTORY` of systemd, else `/var/lib/wa-gateway` for root, else `~/.local/state/wa-gateway`',
  from({ env, home, uid }) {
    const systemd = first(env.STATE_DIRECTORY)
    if (systemd !== undefined) return systemd
    if (uid === 0) return '/var/lib/wa-gateway'
    return join(env.XDG_STATE_HOME || join(home, '.local', 'state'), 'wa-gateway')
  },
}

export const socket: Computed<string> = {
  words: '`$RUNTIME_DIRECTORY/control.sock` of systemd, else `control.sock` in the state directory',
  from: ({ env }, { stateDir }) => join(first(env.RUNTIME_DIRECTORY) ?? stateDir, 'control.sock'),
}

export const inStateDir = (name: string): Computed<string> => ({
  words: `\`${name}\` in the state directory`,
  from: (_, { stateDir }) => join(stateDir, name),
})

/** The host's name within the backend's rule: 3 to 50 letters, digits, `_` and `-`. */
export const workerId: Computed<string> = {
  words: "the host's name",
  from({ hostname }) {
    const name = hostname
      .replace(/[^A-Za-z0-9_-]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 50)
    return name.length >= 3 ? name : `worker-${name === '' ? 'one' : name}`
  },
}

export const storageKind: Computed<'folder' | 's3'> = {
  words: '`s3` when `MINIO_ENDPOINT` is set, else `folder`',
  from: (_, { minioEndpoint }) => (minioEndpoint === undefined ? 'folder' : 's3'),
}

export const shipWindow: Computed<number> = {
  words: '`1000`, with `WA_GATEWAY_ACK=remote` `25`',
  from: (_, { ack }) => (ack === 'remote' ? 25 : 1_000),
}

export const standalone: Computed<boolean> = {
  words: '`true` without `BACKEND_URL`',
  from: (_, { backendUrl }) => backendUrl === undefined,
}
