import { expect, test } from 'vitest'
import { openings } from '../../src/remote/openssh-openings.ts'

/** What OpenSSH 9.2 says with -vv of one stream that comes in at its socket. */
const asked = (address: string, port: number): string =>
  `debug1: Connection to port -2 forwarding to ${address} port ${port} requested.\r\n`
const made = (channel: number): string =>
  `debug2: fd 8 setting O_NONBLOCK\r\ndebug1: channel ${channel}: new direct-tcpip [direct-tcpip]\r\n`
const confirmed = (channel: number): string => `debug2: channel ${channel}: open confirm rwindow 2097152 rmax 32768\r\n`
const refused = (channel: number, why: string): string => `channel ${channel}: open failed: ${why}\r\n`

test('a stream is open once the other side says so', async () => {
  const { hear, next } = openings()
  const answer = next('127.0.0.1', 80)
  hear(asked('127.0.0.1', 80) + made(3) + confirmed(3))
  expect(await answer).toBe(null)
})

test('why it is not is told', async () => {
  const { hear, next } = openings()
  const answer = next('::1', 80)
  hear(asked('::1', 80) + made(3) + refused(3, 'connect failed: Connection refused'))
  expect(await answer).toBe('connect failed: Connection refused')
})

test('lines may come in any pieces', async () => {
  const said = asked('127.0.0.1', 80) + made(12) + refused(12, 'administratively prohibited: open failed')
  for (let at = 0; at <= said.length; at++) {
    const { hear, next } = openings()
    const answer = next('127.0.0.1', 80)
    hear(said.slice(0, at))
    hear(said.slice(at))
    expect(await answer).toBe('administratively prohibited: open failed')
  }
})

test('several at once are told apart, by address and by order', async () => {
  const { hear, next } = openings()
  const [first, other, second] = [next('127.0.0.1', 80), next('127.0.0.1', 81), next('127.0.0.1', 80)]
  hear(asked('127.0.0.1', 81) + made(3) + asked('127.0.0.1', 80) + made(4) + asked('127.0.0.1', 80) + made(5))
  hear(confirmed(4) + refused(5, 'connect failed: a') + refused(3, 'connect failed: b'))
  expect(await Promise.all([first, other, second])).toEqual([null, 'connect failed: b', 'connect failed: a'])
})

test('a number is used again, and other channels say nothing of ours', async () => {
  const { hear, next } = openings()
  const first = next('127.0.0.1', 80)
  hear(asked('127.0.0.1', 80) + made(3) + refused(3, 'connect failed: x'))
  expect(await first).toBe('connect failed: x')
  const second = next('127.0.0.1', 80)
  hear(`debug1: channel 4: new session [client-session]\r\n${confirmed(4)}${asked('127.0.0.1', 80)}${made(3)}${confirmed(3)}`)
  expect(await second).toBe(null)
})
