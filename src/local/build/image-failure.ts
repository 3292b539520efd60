/** Listens to what an engine writes while it builds, and knows in which step it failed. */
export interface Steps {
  take(line: string): void
  /** Such as `step 3/7, RUN make`; null where it did not come to one. */
  failed(): string | null
}

export function followSteps(): Steps {
  let last: string | null = null
  // BuildKit does several at a time and calls them by numbers.
  const numbered = new Map<string, string>()
  let failed: string | null = null
  return {
    take(line) {
      const [, step, words] = /^(?:\[\d+\/\d+\] )?step (\d+(?:\/\d+)?) ?: (.*)$/i.exec(line) ?? []
      if (step !== undefined && words !== undefined) last = `step ${step}, ${short(words)}`
      const [, number, where, what] = /^#(\d+) \[([^\]]*)\] (.*)$/.exec(line) ?? []
      if (number !== undefined && what !== undefined) numbered.set(number, `step ${where}, ${short(what)}`)
      const wrong = /^#(\d+) ERROR\b/.exec(line)?.[1]
      if (wrong !== undefined) failed ??= numbered.get(wrong) ?? null
    },
    failed: () => failed ?? last,
  }
}

const LONGEST = 120

function short(words: string): string {
  return words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words
}

/** What the last lines of a failed build mean, and what to do; the first that fits. */
const REMEDIES: readonly { readonly sign: RegExp; readonly hint: string }[] = [
  {
    sign: /buildx component is missing|buildx: (?:command )?not found/i,
    hint: "this docker has no buildx: install its plugin, or build without it: env: { DOCKER_BUILDKIT: '0' } in the builder",
  },
  {
    sign: /requires BuildKit|does not match the specified platform|unknown flag: (?:mount|link|chmod)|unknown instruction: "?<</i,
    hint: "the Dockerfile needs BuildKit: install docker's plugin buildx and write env: { DOCKER_BUILDKIT: '1' } in the builder, or take podman",
  },
  {
    sign: /exec format error/i,
    hint: 'the image is for another processor than this machine: install qemu for it (binfmt), or build on a machine of that kind',
  },
  {
    sign: /no space left on device|disk quota exceeded/i,
    hint: "make room on the engine's disk: system prune, of docker or podman",
  },
  {
    sign: /pull access denied|manifest unknown|manifest for .* not found|no such host|failed to resolve|short-name|initializing source|pinging container registry|TLS handshake|i\/o timeout|connection refused|unauthorized|toomanyrequests|image not known|no such image/i,
    hint: 'see whether the image after FROM is called so, and whether this machine can fetch it: pull it by hand; log in where the registry asks for it',
  },
  {
    sign: /parse error|unknown instruction|dockerfile syntax|no build stage|unable to parse|requires (?:exactly|at least|at most) \w+ argument/i,
    hint: 'mend that line of the Dockerfile, and build again',
  },
]

/** What to type or look at after a build ended with these lines. */
export function remedyFor(lines: readonly string[]): string {
  const text = lines.join('\n')
  return REMEDIES.find(({ sign }) => sign.test(text))?.hint ?? 'nothing was stored; mend it and build again'
}
