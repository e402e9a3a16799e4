import { expect, expectTypeOf, test } from 'vitest'
import type { z } from 'zod'
import type { BackendHealth } from '../../../src/backend/port.ts'
import { METHODS } from '../../../src/control/api.ts'
import type * as checks from '../../../src/control/check-schema.ts'
import type { MethodSpec } from '../../../src/control/method-spec.ts'
import type { sessionPruned } from '../../../src/control/prune-methods.ts'
import type * as recoveries from '../../../src/control/recovery-schema.ts'
import type * as common from '../../../src/control/schema.ts'
import type { Pause, RecoveryEvent } from '../../../src/recovery/port.ts'
import type { RecoveryRun, SessionRecord } from '../../../src/registry/port.ts'
import type { BackupInfo, OwnerView, SessionPruned } from '../../../src/replica/port.ts'
import type { PartCheck, SessionCheck } from '../../../src/replica/verify/port.ts'
import type { RecoveryResult } from '../../../src/session/report.ts'
import type { Tried } from '../../../src/session/history.ts'
import type { SessionView } from '../../../src/session/state.ts'

type Schemas = typeof common & typeof checks & typeof recoveries
type Of<K extends keyof Schemas> = Schemas[K] extends z.ZodType<infer T> ? T : never

test('the shapes on the socket are the types of the ports', () => {
  expectTypeOf<Of<'sessionView'>>().toEqualTypeOf<SessionView>()
  expectTypeOf<Of<'tried'>>().toEqualTypeOf<Tried>()
  expectTypeOf<Of<'pause'>>().toEqualTypeOf<Pause>()
  expectTypeOf<Of<'sessionRecord'>>().toEqualTypeOf<SessionRecord>()
  expectTypeOf<Of<'ownerView'>>().toEqualTypeOf<Omit<OwnerView, 'backups'>>()
  expectTypeOf<Of<'backupInfo'>>().toEqualTypeOf<BackupInfo>()
  expectTypeOf<Of<'sessionCheck'>>().toEqualTypeOf<SessionCheck>()
  expectTypeOf<z.output<typeof sessionPruned>>().toEqualTypeOf<SessionPruned>()
  expectTypeOf<Of<'partCheck'>>().toEqualTypeOf<PartCheck>()
  expectTypeOf<Of<'recoveryResult'>>().toEqualTypeOf<RecoveryResult>()
  expectTypeOf<Of<'recoveryEvent'>>().toEqualTypeOf<RecoveryEvent>()
  expectTypeOf<Of<'backendHealth'>>().toEqualTypeOf<BackendHealth>()
  expectTypeOf<Of<'recoveryRun'>>().toEqualTypeOf<RecoveryRun>()
})

const specs: [string, MethodSpec][] = Object.entries(METHODS)

test.each(specs)('%s: every key has one place and every path name a schema', (_name, spec) => {
  const names = [...spec.path.matchAll(/:(\w+)/g)].map((m) => m[1])
  expect(Object.keys(spec.params?.shape ?? {})).toEqual(names)
  const keys = [spec.params, spec.query, spec.body].flatMap((s) => Object.keys(s?.shape ?? {}))
  expect(new Set(keys).size).toBe(keys.length)
  expect(spec.verb === 'POST' || spec.body === undefined).toBe(true)
  expect(spec.verb !== 'POST' || spec.query === undefined).toBe(true)
  expect((spec.result === undefined) !== (spec.events === undefined)).toBe(true)
})

test('no two methods share verb and path', () => {
  const routes = specs.map(([, s]) => `${s.verb} ${s.path.replaceAll(/:\w+/g, ':')}`)
  expect(new Set(routes).size).toBe(routes.length)
})
