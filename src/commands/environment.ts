import { appEnv } from '../local/app-env.ts'
import { type AppEnv, secretValues } from '../model/app-env.ts'
import type { Plan } from '../model/plan.ts'
import { redact } from '../model/redact.ts'
import { passwordsIn } from '../model/sounds-secret.ts'
import type { Destination } from '../rollout/host.ts'
import type { Call } from './command.ts'

/** What the apps of a rollout find in their environment. */
export interface Environments {
  of(destination: Destination): AppEnv
}

/** Reads and checks the environment of every host, each secret once, and has the terminal show none of them; nobody has been connected to yet. Fails with CONFIG. */
export async function environments(
  destinations: readonly Destination[],
  { dir, call: { ui, signal } }: { readonly dir: string; readonly call: Pick<Call, 'ui' | 'signal'> },
): Promise<Environments> {
  const found = new Map<Destination['host'], AppEnv>()
  for (const target of new Set(destinations.map((destination) => destination.target))) {
    const envOf = await appEnv({ target, dir, signal, conceal: ui.conceal })
    for (const { host } of destinations.filter((destination) => destination.target === target)) found.set(host, envOf(host))
  }
  const secrets = [...new Set([...found.values()].flatMap(secretValues))]
  ui.conceal(secrets)
  return {
    of: ({ host }) => found.get(host) ?? { values: {}, secret: [] },
  }
}

/** A plan as it may be shown: without the value of any secret. */
export function veiled(plan: Plan, { secret }: AppEnv): Plan {
  const veil = (name: string, value: string) => (secret.includes(name) ? '***' : redact(value, passwordsIn(value)))
  const values = Object.entries(plan.appEnv).map(([name, value]) => [name, veil(name, value)])
  return { ...plan, appEnv: Object.fromEntries(values) }
}
