import { Argument } from 'commander'
import type { CommonOptions, Define } from './shared/context.ts'

/** Each asks `wa-gateway __complete` for what may come next, so none of them ever is out of date. */
const SCRIPTS = {
  bash: `# wa-gateway completion for bash
_wa_gateway() {
  local line=\${COMP_LINE:0:COMP_POINT} IFS=$' \\t\\n' words current start
  read -ra words <<<"$line"
  if [[ $line == *[[:space:]] ]]; then words+=(''); fi
  current=\${words[\${#words[@]}-1]}
  IFS=$'\\n'
  COMPREPLY=($(wa-gateway __complete "\${words[@]:1}" 2>/dev/null | cut -f1))
  # bash replaces what stands behind these, the @ too
  start=\${current##*[=:]}
  if [[ $start == *@* ]]; then start=@\${start##*@}; fi
  COMPREPLY=("\${COMPREPLY[@]#"\${current%"$start"}"}")
}
complete -o default -F _wa_gateway wa-gateway
`,
  zsh: `#compdef wa-gateway
_wa-gateway() {
  local -a found
  found=("\${(@f)$(wa-gateway __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=("\${(@)found:#}")
  if (( \${#found} )); then
    found=("\${(@)found/$'\\t'/:}")
    _describe wa-gateway found
  else
    _files
  fi
}
compdef _wa-gateway wa-gateway
if [ "$funcstack[1]" = "_wa-gateway" ]; then _wa-gateway "$@"; fi
`,
  fish: `# wa-gateway completion for fish
function __wa_gateway_complete
  set -l before (commandline -opc)
  set -l current (commandline -ct)
  set -l found (wa-gateway __complete $before[2..-1] "$current" 2>/dev/null)
  if set -q found[1]
    string join \\n -- $found
  else
    __fish_complete_path "$current"
  end
end
complete -c wa-gateway -f -a '(__wa_gateway_complete)'
`,
} as const

const MORE = `
Completes commands, options and the names of the daemon's sessions.

Examples:
  $ wa-gateway completion bash > /etc/bash_completion.d/wa-gateway
  $ wa-gateway completion zsh > "\${fpath[1]}/_wa-gateway"
  $ wa-gateway completion fish > ~/.config/fish/completions/wa-gateway.fish
`

export const define: Define = (command, context) => {
  command
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', MORE)
    .action((shell: keyof typeof SCRIPTS) => {
      const { json } = command.optsWithGlobals<CommonOptions>()
      const script = SCRIPTS[shell]
      context.stdout.write(json === true ? `${JSON.stringify({ shell, script })}\n` : script)
    })
}
