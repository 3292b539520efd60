/** Characters by which the transactions of one rollout are alike, in hexadecimal. */
export const ROLLOUT_CHARACTERS = 32

/**
 * The name of a host's transaction: that of its rollout, and which of its hosts it is. What hosts remember by it tells later where a
 * rollout stays. No two are alike, also where two hosts of a configuration turn out to be one directory.
 */
export function transactionOf(rollout: string, host: number): string {
  return `${rollout}${host.toString(16).padStart(4, '0')}`
}

/** The rollout that a transaction belongs to; hosts may remember some from before rollouts had names, each is its own then. */
export function rolloutOf(transaction: string): string {
  return transaction.slice(0, ROLLOUT_CHARACTERS)
}
