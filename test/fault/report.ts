import { appendFileSync } from 'node:fs'

/** One line of docs/faults.md: what was done to whom, and what held. */
export interface FaultRow {
  readonly operation: string
  readonly point: string
  readonly fault: string
  readonly guarantee: string
  readonly test: string
  readonly points: number
  readonly violations: number
}

/** Adds a row to the file that FAULTS_FILE names, from which the matrix is written; nothing happens where it names none. */
export function reportFaults(row: FaultRow): void {
  const file = process.env['FAULTS_FILE']
  if (file) appendFileSync(file, `${JSON.stringify(row)}\n`)
}
