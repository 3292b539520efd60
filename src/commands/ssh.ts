import type { Call, Outcome } from './command.ts'
import { holdSession } from './terminal-session.ts'

/** No login shell: what it reads at its start would set PATH anew, and take the app's from it. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: this is the shell's
const SHELL = 'exec "${SHELL:-sh}" -i'

/** `releaser ssh`: the user's own shell in the current release, with the app's environment. */
export function run(call: Call): Promise<Outcome> {
  return holdSession(call, {
    name: 'the shell',
    otherwise: `releaser exec target=${call.values['target']} -- WORD...`,
    script: () => SHELL,
  })
}
