import { CAUSES } from '../src/session/cause.ts'
import { EXIT } from '../src/session/errors.ts'
import { codesOf, EXIT_WORDS } from '../src/session/exit-words.ts'

/** docs/TROUBLESHOOTING.md, from the tables of exit statuses, error codes and causes. */
export function renderTroubleshooting(): string {
  const names = Object.keys(EXIT) as (keyof typeof EXIT)[]
  const statuses = names.map((name) => {
    const codes = codesOf(EXIT[name]).map((code) => `\`${code}\``)
    const { means, todo } = EXIT_WORDS[name]
    return `| ${EXIT[name]} | ${means} | ${todo} | ${codes.join(' ')} |`
  })
  const causes = Object.entries(CAUSES).map(
    ([id, { words, next, exit }]) => `| \`${id}\` | ${words} | ${next} | ${exit} |`,
  )
  return [
    INTRODUCTION,
    '## By exit status',
    '',
    '| Status | Means | What to do | Error codes |',
    '|---|---|---|---|',
    ...statuses,
    '',
    '## By cause of a session that is not online',
    '',
    '`wa-gateway status --why SESSION` says which one it is.',
    '',
    '| Cause | What happened | What to do | Status |',
    '|---|---|---|---|',
    ...causes,
    '',
  ].join('\n')
}

const INTRODUCTION = `# Troubleshooting

Rendered by \`npm run render\` from the tables that the program itself uses.

\`wa-gateway doctor\` looks at what a worker rests on: Node, configuration, disk, object store, bucket
rules, clock, backend, WhatsApp, control socket, systemd, file limits; and says what to do. Then
\`wa-gateway logs --level warn\`, and \`wa-gateway support-bundle\` for whoever helps.
`
