import type { Define } from '../shared/context.ts'
import { defineStoring } from '../shared/store-now.ts'

export const define: Define = (command, context) => {
  command.addHelpText('after', '\nExample:\n  $ wa-gateway backup create --session anna\n')
  defineStoring(command, context, 'backup.create')
}
