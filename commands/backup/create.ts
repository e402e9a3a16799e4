import type { Define } from '../shared/context.ts'
import { defineStoring } from '../shared/store-now.ts'

const MORE = `
Retention keeps what has a name. The name stands for the backup's id wherever one is asked for.

Examples:
  $ wa-gateway backup create --session anna
  $ wa-gateway backup create --all --name before-upgrade
`

export const define: Define = (command, context) => {
  command.option('--name <name>', 'what it is called').addHelpText('after', MORE)
  defineStoring(command, context, 'backup.create')
}
