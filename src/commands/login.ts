import { addKnownHost } from '../local/known-hosts-file.ts'
import type { HostKeyQuestion, PassphraseQuestion } from '../model/question.ts'
import type { Login } from '../rollout/login.ts'
import type { Call } from './command.ts'

type Asker = Pick<Call, 'ui' | 'keys'>

/** How a command logs in: with what there is, and with what the person at the terminal answers. Each key is asked for once. */
export function loginOf({ ui, keys }: Asker): Login {
  const recorded = new Map<string, boolean>()
  const opened = new Map<string, boolean>()
  return {
    keys,
    answer: async (question) => {
      if (!ui.interactive) return false
      if (question.about === 'host-key') {
        // Hosts that share an address share a line.
        const line = await question.line()
        const known = recorded.get(line) ?? (await trusted(ui, question, line))
        recorded.set(line, known)
        return known
      }
      const open = opened.get(question.key) ?? (await unlocked(ui, question))
      opened.set(question.key, open)
      return open
    },
  }
}

/** Asks whether the key is the host's, and records it then. There is no argument that answers. */
async function trusted(ui: Asker['ui'], { host, shown, file }: HostKeyQuestion, line: string): Promise<boolean> {
  if (file === undefined) return false
  const question = `The host key of ${host} is not known: ${shown}. Is it the one that the host has (ssh-keygen -lf there)? It is recorded in ${file} then`
  const yes = await ui.confirm(question, { initial: false, answer: 'releaser trust', inPerson: true })
  if (yes) await addKnownHost(file, line)
  return yes
}

const TRIES = 3

async function unlocked(ui: Asker['ui'], { key, open }: PassphraseQuestion): Promise<boolean> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const passphrase = await ui.secret(`Passphrase of ${key}:`, { answer: 'RELEASER_KEY_PASSPHRASE' })
    if (passphrase === '') return false
    ui.conceal([passphrase])
    if (await open(passphrase)) return true
    ui.warn(`this does not open ${key}`)
  }
  return false
}
