import type { Define } from './shared/context.ts'
import { openDashboard } from './shared/open-dashboard.ts'

export const define: Define = (command, context) => {
  command
    .option('--readonly', 'offer nothing that changes anything')
    .addHelpText(
      'after',
      '\nExamples:\n  $ wa-gateway dashboard\n  $ wa-gateway dashboard --readonly\n\nPress ? in it for the keys.\n',
    )
    .action(async ({ readonly }: { readonly?: boolean }) =>
      openDashboard(command, context, { readonly: readonly === true }),
    )
}
