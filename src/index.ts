import type { Config } from './model/config.ts'

export type * from './model/config.ts'

/** Gives a config file its types; returns what it was given. */
export function defineConfig(config: Config): Config {
  return config
}
