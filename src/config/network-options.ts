import { flag, hostPort, matching, secret, url, version } from './kinds.ts'
import { option } from './option.ts'

/** The HTTP API, metrics and WhatsApp. */
export const NETWORK_OPTIONS = {
  httpAddress: option({
    env: 'WA_GATEWAY_HTTP',
    key: 'http.address',
    kind: hostPort,
    example: '127.0.0.1:8080',
    doc: '`host:port` of the HTTP API; off when unset.',
  }),
  httpToken: option({
    env: 'WA_GATEWAY_HTTP_TOKEN',
    key: 'http.token',
    kind: secret(16),
    secret: true,
    example: "'…'",
    doc: 'Bearer token of the HTTP API, at least 16 characters; needed with `WA_GATEWAY_HTTP`.',
  }),
  httpAllowRemote: option({
    env: 'WA_GATEWAY_HTTP_ALLOW_REMOTE',
    key: 'http.allowRemote',
    kind: flag,
    default: false,
    doc: 'Let the HTTP API listen on other than loopback addresses. It speaks no TLS itself, and a QR code is the account: put a TLS proxy in front.',
  }),

  metricsPerSession: option({
    env: 'WA_GATEWAY_METRICS_PER_SESSION',
    key: 'metrics.perSession',
    kind: flag,
    default: false,
    doc: 'Add metrics for each session, labelled with its id: five more series a session.',
  }),

  whatsappUrl: option({
    env: 'WA_GATEWAY_WHATSAPP_URL',
    key: 'whatsapp.url',
    kind: url('wss', 'ws'),
    default: 'wss://web.whatsapp.com/ws/chat',
    doc: "Address of WhatsApp's web socket; the simulator's in tests.",
  }),
  whatsappRoot: option({
    env: 'WA_GATEWAY_WHATSAPP_ROOT',
    key: 'whatsapp.root',
    kind: matching(/^[0-9a-fA-F]{64}$/, '64 hexadecimal digits'),
    example: "'…'",
    doc: "Public key of another certificate root, 64 hexadecimal digits (the simulator's); only with a loopback URL.",
  }),
  whatsappVersion: option({
    env: 'WA_GATEWAY_WHATSAPP_VERSION',
    key: 'whatsapp.version',
    kind: version,
    reload: 'recovery',
    example: "'2.3000.1033893291'",
    doc: 'WhatsApp Web version to announce instead of the built-in one.',
  }),
} as const
