import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

// Read once: a server tells which release it was started from, whatever `current` points to by now.
const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

const server = createServer((_request, response) => {
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end(`version ${version}\n`)
})

server.listen(Number(process.env.PORT ?? 3000), () => console.log(`version ${version} listens on port ${server.address().port}`))

// The next release starts once this one has gone, so it goes as fast as it can: it takes nobody any more, lets go of connections
// that wait for another request, and finishes the answers that it has begun, for five seconds at most.
process.on('SIGTERM', () => {
  server.close()
  server.closeIdleConnections()
  setTimeout(() => server.closeAllConnections(), 5000).unref()
})
