/** What a builder made, before it is packed. */
export interface Made {
  /** Absolute: a folder, a tarball, or a single file. */
  readonly path: string
  /** How messages call that path: as it is written in the configuration. */
  readonly written: string
  /** What to do where nothing is there. */
  readonly hint: string
  /** What the builder itself says of the release, where it does. */
  readonly version?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}
