import { expect, test } from 'vitest'
import { judge, type MovingInFacts } from '../../../src/whatsapp/moving-in.ts'

const NEW: MovingInFacts = {
  sessionId: 'anna',
  faults: [],
  busy: false,
  twin: undefined,
  local: 'none',
  owner: undefined,
}
const owner = (more: Partial<NonNullable<MovingInFacts['owner']>>) => ({
  owner: { worker: 'w2', mine: false, released: false, removed: false, backups: [], ...more },
})
const backup = { backups: [{ id: '1-1' }] as never }

test.each<[string, Partial<MovingInFacts>, string]>([
  ['a session that nobody knows', {}, 'begin'],
  ['one that this worker removed', owner({ mine: true, removed: true }), 'begin'],
  ['one that was removed elsewhere', owner({ removed: true, released: true }), 'begin'],
  ['a claim of which nothing was stored', owner({ mine: true }), 'begin'],
  ['the same state again', { local: 'same' }, 'finish'],
  ['the same state, stored', { local: 'same', ...owner({ mine: true, ...backup }) }, 'finish'],
  ['another state', { local: 'other' }, 'exists'],
  ['another state, stored', { local: 'other', ...owner({ mine: true, ...backup }) }, 'exists'],
  ['only the store has it', owner({ mine: true, ...backup }), 'stored'],
  ['a worker released it', owner({ released: true, ...backup }), 'stored'],
  ['another worker has it', owner(backup), 'owned-elsewhere'],
  ['another worker has it now', { local: 'same', ...owner(backup) }, 'owned-elsewhere'],
  ['the same device under another name', { twin: 'ben' }, 'exists'],
  ['it is being paired', { busy: true }, 'busy'],
  ['no phone', { faults: ['its creds lack account'] }, 'unpaired'],
  ['no identity', { faults: ['its creds lack noiseKey'] }, 'damaged'],
  ['a key that cannot be read', { faults: ['its key session 1.0 cannot be decoded'] }, 'damaged'],
])('%s', (_, change, expected) => {
  const verdict = judge({ ...NEW, ...change })
  const found =
    verdict.kind === 'refuse' && verdict.admission.outcome === 'skipped'
      ? verdict.admission.why
      : verdict.kind
  expect(found).toBe(expected)
})
