import { expect, it } from 'vitest'
import { backupBefore, byAge, isOf } from '../../src/model/backup.ts'

const named = (...names: readonly string[]) => names.map((name) => ({ name }))
const at = (time: string) => Date.parse(time) / 1000

it('puts backups in order by what their names say, whatever the version', () => {
  const names = named('shop_prod_2.0_2026-01-01_00-00-00.tar.gz', 'x', 'shop_prod_1.0_2026-03-01_00-00-00.tar.gz.age')
  expect(byAge(names).map(({ name }) => name.slice(0, 13))).toEqual(['shop_prod_1.0', 'shop_prod_2.0', 'x'])
  expect(isOf('shop_prod_1_2026-03-01_00-00-00.tar.gz', { app: 'shop', target: 'prod' })).toBe(true)
  expect(isOf('shop_prod_1_2026-03-01_00-00-00.tar.gz', { app: 'shop', target: 'pro' })).toBe(false)
  expect(isOf('shop_prod_notes.tar.gz', { app: 'shop', target: 'prod' })).toBe(false)
})

it('finds the newest backup of a version from before a moment', () => {
  const all = named(
    'shop_prod_1.0_2026-01-01_00-00-00.tar.gz',
    'shop_prod_1.0_2026-01-02_00-00-00.tar.gz',
    'shop_prod_1.0.1_2026-01-03_00-00-00.tar.gz',
    'shop_prod_1.0_2026-01-05_00-00-00.tar.gz',
  )
  const wanted = { app: 'shop', target: 'prod', version: '1.0', until: at('2026-01-04T00:00:00Z') }
  expect(backupBefore(all, wanted)?.name).toBe('shop_prod_1.0_2026-01-02_00-00-00.tar.gz')
  expect(backupBefore(all, { ...wanted, version: '3' })).toBeUndefined()
  expect(backupBefore(all, { ...wanted, until: at('2025-01-01T00:00:00Z') })).toBeUndefined()
})
