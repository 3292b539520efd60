import type { Target } from '../model/config.ts'
import { readSigner } from '../model/signature.ts'
import type { Problem } from './config-problem.ts'

/** What is wrong with the keys that may sign for a target. */
export function signerProblems(at: string, { allowedSigners }: Partial<Target>): readonly Problem[] {
  if (allowedSigners?.length === 0)
    return [
      {
        path: `${at}.allowedSigners`,
        says: 'is empty, so that nothing could be deployed',
        hint: 'name a public key, or leave it out',
      },
    ]
  return (allowedSigners ?? []).flatMap((line, index) => {
    const signer = readSigner(line)
    const hint = "write it as its .pub file has it: 'ssh-ed25519 AAAA… ana'"
    return 'says' in signer ? [{ path: `${at}.allowedSigners[${index}]`, says: signer.says, hint }] : []
  })
}
