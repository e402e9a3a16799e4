import { OPTION_NAMES, OPTIONS, type OptionName } from './options.ts'

const BEGIN = '<!-- options:begin -->'
const END = '<!-- options:end -->'

/** The README's table of every setting, in Markdown. */
function renderOptionsTable(): string {
  const rows = OPTION_NAMES.map((name) => {
    const { env, key, doc, secret, reload } = OPTIONS[name]
    const notes = secret ? `${doc} Secret.` : doc
    return `| \`${env}\` | \`${key}\` | ${defaultWords(name)} | ${reload ? 'yes' : ''} | ${notes.replaceAll('|', '\\|')} |`
  })
  return [
    '| Environment | Key in the file | Default | Reload | Meaning |',
    '|---|---|---|---|---|',
    ...rows,
  ]
    .join('\n')
    .concat('\n')
}

function defaultWords(name: OptionName): string {
  const { fallback, example } = OPTIONS[name]
  if (fallback === undefined) return ''
  return 'fixed' in fallback ? `\`${example}\`` : fallback.words
}

/** The README with its table brought up to date; everything around the markers is kept. */
export function renderReadme(readme: string): string {
  const begin = readme.indexOf(BEGIN)
  const end = readme.indexOf(END)
  if (begin === -1 || end < begin)
    throw new Error(`README.md has no ${BEGIN} … ${END} to put the options between`)
  return `${readme.slice(0, begin)}${BEGIN}\n${renderOptionsTable()}${readme.slice(end)}`
}

/** `.wa-gatewayrc.example`: every key with its default or an example, commented out. */
export function renderExample(): string {
  const lines = [
    '# Settings of wa-gateway, in YAML. Copy this file to .wa-gatewayrc in the working directory,',
    '# to ~/.config/wa-gateway/config.yaml or to /etc/wa-gateway/config.yaml, and take the # away',
    '# from what you change (and from the group above it). The first of these files is used;',
    '# --config or WA_GATEWAY_CONFIG names another.',
    '# Flags and environment variables win over it. Keep secrets in files of their own (NAME_FILE)',
    '# or chmod 600 this one.',
  ]
  for (const [group, names] of byGroup()) {
    lines.push('')
    if (group !== '') lines.push(`#${group}:`)
    const indent = group === '' ? '' : '  '
    for (const name of names) {
      const { doc, env, key, example } = OPTIONS[name]
      lines.push(...wrap(`${doc.replaceAll('`', '')} [${env}]`, 94 - indent.length, `${indent}# `))
      lines.push(`#${indent}${key.slice(key.indexOf('.') + 1)}: ${example}`)
    }
  }
  return `${lines.join('\n')}\n`
}

function byGroup(): Map<string, OptionName[]> {
  const groups = new Map<string, OptionName[]>([['', []]])
  for (const name of OPTION_NAMES) {
    const [group, leaf] = OPTIONS[name].key.split('.')
    const key = leaf === undefined ? '' : (group ?? '')
    groups.set(key, [...(groups.get(key) ?? []), name])
  }
  return groups
}

function wrap(text: string, width: number, prefix: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(prefix + line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, prefix + line]
}
