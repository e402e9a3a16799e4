import type { Define } from './shared/context.ts'
import { defineStoring } from './shared/store-now.ts'

export const define: Define = (command, context) => {
  command.addHelpText('after', '\nExample:\n  $ wa-gateway preserve --all\n')
  defineStoring(command, context, 'preserve')
}
