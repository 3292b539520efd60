import type { BeginInput } from './begin.ts'
import type { ShipmentOf, Working } from './host.ts'

/** What a rollout needs beside its hosts. */
export interface RolloutInput extends BeginInput {
  readonly shipment: ShipmentOf
  /** Runs the local hooks that belong to a moment; fails where one of them failed. */
  readonly moment: (moment: Moment) => Promise<void>
  /** Writes down that a rollout stays on these hosts, before the first of them is told so; where it fails, they all go back. */
  readonly decide?: (rollout: string, hosts: readonly Working[]) => Promise<void>
}

/**
 * `locked`: all locks are held, nothing is sent. `sending`: just before. `ready`: all hosts are, and none is stopped or switched.
 * `switched`: all are, and none is confirmed. `undone`: all is taken back.
 */
export type Moment = 'locked' | 'sending' | 'ready' | 'switched' | 'undone'

/** Of a rollout that brings no release: nothing is sent, and no hook here goes with it. */
export const NO_RELEASE: Pick<RolloutInput, 'shipment' | 'moment'> = { shipment: async () => null, moment: async () => {} }
