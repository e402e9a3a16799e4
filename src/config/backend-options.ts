import * as computed from './computed.ts'
import { flag, milliseconds, secret, url } from './kinds.ts'
import { option } from './option.ts'

/** The backend. */
export const BACKEND_OPTIONS = {
  backendUrl: option({
    env: 'BACKEND_URL',
    key: 'backend.url',
    kind: url('http', 'https'),
    example: 'https://backend.example.com',
    doc: 'The backend that assigns sessions; without it the worker is standalone.',
  }),
  standalone: option({
    env: 'STANDALONE_MODE',
    key: 'backend.standalone',
    kind: flag,
    computed: computed.standalone,
    example: 'false',
    doc: 'Run without a backend; contradicts `BACKEND_URL`.',
  }),
  backendToken: option({
    env: 'WORKER_AUTH_TOKEN',
    key: 'backend.token',
    kind: secret(),
    secret: true,
    example: "'…'",
    doc: 'Bearer token that the backend asks for.',
  }),
  backendEndpoint: option({
    env: 'WORKER_ENDPOINT',
    key: 'backend.endpoint',
    kind: url('http', 'https'),
    example: 'http://worker-1.internal:8080',
    doc: 'URL at which the backend reaches this worker.',
  }),
  backendRegistration: option({
    env: 'BACKEND_REGISTRATION_ENABLED',
    key: 'backend.registration',
    kind: flag,
    default: true,
    doc: 'Register with the backend at start and unregister at stop.',
  }),
  backendHeartbeat: option({
    env: 'BACKEND_HEARTBEAT_INTERVAL',
    key: 'backend.heartbeatInterval',
    kind: milliseconds(100),
    default: 30_000,
    reload: 'backend',
    doc: 'Milliseconds between heartbeats.',
  }),
  backendAssignments: option({
    env: 'BACKEND_ASSIGNMENT_INTERVAL',
    key: 'backend.assignmentInterval',
    kind: milliseconds(100),
    default: 60_000,
    reload: 'backend',
    doc: 'Milliseconds between two looks at the list of sessions that the backend gives to this worker.',
  }),
} as const
