import { z } from 'zod'
import { isSessionId } from '../session/ids.ts'
import { errorOfReply } from './error.ts'
import type { AssignedSession } from './port.ts'

/** Text that may be missing, null, or a number where the backend's database has one. */
const text = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => (value === null || value === undefined ? undefined : String(value)))

const Registered = z.object({
  recoveryRequired: z.boolean().nullish(),
  assignedSessionCount: z.number().nullish(),
})

const Assigned = z.object({
  sessions: z.array(
    z.object({
      sessionId: text,
      /** What an older backend calls it. */
      id: text,
      userId: text,
      status: text,
      name: text,
      phoneNumber: text,
    }),
  ),
})

function checked<T>(call: string, schema: z.ZodType<T>, data: unknown): T {
  const result = schema.safeParse(data)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw errorOfReply(call, `${issue?.path.join('.') || 'data'}: ${issue?.message ?? 'wrong'}`)
}

export function readRegistered(call: string, data: unknown) {
  const reply = checked(call, Registered, data)
  return {
    recoveryRequired: reply.recoveryRequired ?? false,
    assignedSessionCount: reply.assignedSessionCount ?? 0,
  }
}

export interface AssignedReply {
  sessions: AssignedSession[]
  /** Entries that cannot be sessions here; one of them must not cost the others. */
  unusable: string[]
}

export function readAssigned(call: string, data: unknown): AssignedReply {
  const sessions = new Map<string, AssignedSession>()
  const unusable: string[] = []
  for (const entry of checked(call, Assigned, data).sessions) {
    const sessionId = entry.sessionId ?? entry.id ?? ''
    if (!isSessionId(sessionId)) unusable.push(sessionId.slice(0, 140))
    else if (!sessions.has(sessionId)) sessions.set(sessionId, assigned(sessionId, entry))
  }
  return { sessions: [...sessions.values()], unusable }
}

function assigned(
  sessionId: string,
  entry: z.infer<typeof Assigned>['sessions'][number],
): AssignedSession {
  const { userId, name, status } = entry
  const phone = entry.phoneNumber?.replaceAll(/\D/g, '') ?? ''
  return {
    sessionId,
    ...(userId === undefined ? {} : { userId }),
    ...(name === undefined ? {} : { name }),
    ...(phone === '' ? {} : { phone }),
    ...(status === undefined ? {} : { status }),
  }
}
