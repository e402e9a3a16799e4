/** What to say where daemon and command have different versions, with what mends it. */
export function skewWarning(daemon: string, command: string): string {
  const facts = `warning: the daemon runs version ${daemon}, this command is ${command}`
  return isOlder(daemon, command)
    ? `${facts}: restart the daemon to bring it up to date (\`systemctl restart wa-gateway\`); sessions are kept`
    : `${facts}: install ${daemon} here too (\`npm i -g wa-gateway@${daemon}\`)`
}

/** By the three numbers; what follows them is not compared. */
function isOlder(a: string, b: string): boolean {
  const [left, right] = [numbers(a), numbers(b)]
  const at = left.findIndex((part, n) => part !== right[n])
  return (left[at] ?? 0) < (right[at] ?? 0)
}

const numbers = (version: string) => (version.match(/\d+/g) ?? []).slice(0, 3).map(Number)
