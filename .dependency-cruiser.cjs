// The import rules of docs/ARCHITECTURE.md. Arrows point downwards; only src/daemon wires adapters.
const layer = (name, allowed, comment) => ({
  name: `layer-${name}`,
  severity: 'error',
  comment,
  from: { path: `^src/${name}/` },
  to: { path: '^(src|commands|bin|test|bench)/', pathNot: [`^src/${name}/`, ...allowed] },
})
const ports = '^src/(authstate|store|replica(/verify)?|registry|backend|recovery|fleet)/port\\.ts$'
const session = '^src/session/'
const config = '^src/config/'

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, path: '^src/' }, to: {} },
    layer('session', [], 'pure: imports nothing of ours'),
    layer('config', [session], ''),
    layer('store', [session], ''),
    layer('authstate', [session], ''),
    layer('registry', [session], ''),
    layer(
      'backend',
      [session, config, '^src/registry/port\\.ts$'],
      'its outbox lies in the registry',
    ),
    layer(
      'fleet',
      [session, '^src/registry/port\\.ts$'],
      'a mirror of what workers know themselves',
    ),
    layer('control', [session, config], ''),
    layer(
      'replica',
      [session, '^src/store/port\\.ts$', '^src/authstate/(port|record|packed|give-back)\\.ts$'],
      'changes and values are stored as the local state has them: a reader verifies them itself',
    ),
    layer(
      'transfer',
      [
        session,
        '^src/store/s3-reader\\.ts$',
        '^src/authstate/(port|codec|packed|writes|give-back)\\.ts$',
      ],
      'reads and writes what other programs keep; the daemon takes and gives',
    ),
    layer('whatsapp', [session, ports], 'ports, not adapters'),
    layer('recovery', [session, ports], 'ports, not adapters'),
    layer('metrics', [session, ports, '^src/whatsapp/ports\\.ts$'], 'ports, not adapters'),
    layer('simulator', [session], 'the peer knows nothing of the gateway'),
    layer('demo', [session, '^src/(control|simulator)/'], 'a user of the daemon and the simulator'),
    layer('words', [session], 'what commands and the dashboard say alike'),
    layer(
      'doctor',
      [
        session,
        config,
        '^src/(control|store|backend|fleet)/',
        '^src/registry/inspect\\.ts$',
        '^src/replica/crypto/(inspect|key)\\.ts$',
        '^src/daemon/(storage|known-folders)\\.ts$',
      ],
      'opens what the daemon opens, to look at it',
    ),
    layer('tui', [session, '^src/(control|words)/'], "knows control's client, not the daemon"),
    {
      name: 'commands-know-the-client',
      severity: 'error',
      comment:
        'commands talk to the daemon through the control client; some start something themselves',
      from: {
        path: '^commands/',
        pathNot:
          '^commands/(daemon|simulator|demo|shared/(offline|read-fleet)|session/import|backup/export)\\.ts$',
      },
      to: { path: '^src/', pathNot: '^src/(session|config|control|tui|words|doctor)/' },
    },
    {
      name: 'movers-know-the-files',
      severity: 'error',
      comment: "accounts are moved with the operator's rights, which the daemon need not have",
      from: { path: '^commands/(session/import|backup/export)\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(session|config|control|transfer|words)/' },
    },
    {
      name: 'product-code-knows-no-tests',
      severity: 'error',
      from: { path: '^(src|commands|bin)/' },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'baileys-in-its-folders',
      severity: 'error',
      comment:
        'the gateway uses it in src/whatsapp; the simulator borrows its wire format; authstate its types',
      from: { path: '^(src|commands|bin)/', pathNot: '^src/(whatsapp|simulator)/' },
      to: {
        path: 'node_modules/(@whiskeysockets/baileys|libsignal)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'minio-in-store',
      severity: 'error',
      from: { path: '^(src|commands|bin)/', pathNot: '^src/store/' },
      to: { path: 'node_modules/minio/' },
    },
    {
      name: 'sqlite-in-its-folders',
      severity: 'error',
      from: { path: '^(src|commands|bin)/', pathNot: '^src/(authstate|registry)/' },
      to: { path: '^(node:)?sqlite$' },
    },
    {
      name: 'pg-in-fleet',
      severity: 'error',
      from: { path: '^(src|commands|bin)/', pathNot: '^src/fleet/' },
      to: { path: 'node_modules/pg/' },
    },
    {
      name: 'prom-client-in-metrics',
      severity: 'error',
      from: { path: '^(src|commands|bin)/', pathNot: '^src/metrics/' },
      to: { path: 'node_modules/prom-client/' },
    },
    {
      name: 'fastify-in-control',
      severity: 'error',
      from: { path: '^(src|commands|bin)/', pathNot: '^src/control/' },
      to: { path: 'node_modules/fastify' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
