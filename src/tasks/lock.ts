import { ReleaserError } from '../model/errors.ts'
import { viewOf } from '../model/host-view.ts'
import { lockInWords } from '../model/lock.ts'
import type { Facts, Plan, Step } from '../model/plan.ts'
import type { Host, Target } from '../model/target.ts'
import { refuseForeign } from './refusals.ts'

interface FreezeInput {
  readonly target: Target
  readonly host: Host
  readonly facts: Facts
}

/** Freezes a host by hand: until `unlock`, nobody deploys, rolls back or prunes there. */
export function planLock(input: FreezeInput): Plan {
  return planOf('lock', [{ step: 'freeze' }], input)
}

/**
 * Lifts a freeze; a plan without steps where there is none. The lock of somebody at work cannot be lifted, it ends with their
 * work: LOCKED.
 */
export function planUnlock(input: FreezeInput): Plan {
  const { facts, host } = input
  if (facts.lock)
    throw new ReleaserError('LOCKED', `${host.name}: at work there is ${lockInWords(facts.lock)}`, {
      hint: 'this lock cannot be lifted, it ends with their work: stop them, or wait',
    })
  return planOf('unlock', facts.frozen ? [{ step: 'unfreeze' }] : [], input)
}

function planOf(action: 'lock' | 'unlock', steps: readonly Step[], { target, host, facts }: FreezeInput): Plan {
  refuseForeign(facts, { app: target.app, target: target.name, host: host.name })
  const view = viewOf(facts)
  const state = {
    releases: view.releases,
    served: view.served,
    pinned: view.pinned,
    since: facts.state?.since ?? null,
    by: facts.state?.by ?? null,
  }
  return {
    action,
    app: target.app,
    target: target.name,
    host: host.name,
    release: null,
    from: view.current?.id ?? null,
    seq: facts.seq,
    transfer: null,
    // On all hosts or on none: where one is busy, none is frozen.
    steps: steps.length === 0 ? [] : [{ step: 'await', word: 'activate' }, ...steps],
    next: state,
    failed: state,
    env: {},
  }
}
