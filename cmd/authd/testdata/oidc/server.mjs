// A certified OAuth2 server for the tests: lives of seconds, refresh tokens
// that can be used once, and a family that ends when one is used twice.
//
//   node server.mjs PORT LIFE     prints "ready"; LIFE is an access token's, in seconds
//
// Beside the protocol: POST /_family makes a first refresh token, POST
// /_approve?user_code=C does a person's part of the device flow, GET /_counts
// tells how many grants succeeded and failed.
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import Provider from 'oidc-provider'

const [port, life] = process.argv.slice(2).map(Number)
const issuer = `http://127.0.0.1:${port}`
const scope = 'openid offline_access api'
const grants = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code']
const jwks = process.env.CLIENT_JWKS ? JSON.parse(readFileSync(process.env.CLIENT_JWKS)) : { keys: [] }
const machine = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: 'api' }
const client_secret = 'an-invented-client-secret-of-32-bytes'

const provider = new Provider(issuer, {
  clients: [
    { ...machine, client_id: 'machine', client_secret },
    { ...machine, client_id: 'poster', client_secret, token_endpoint_auth_method: 'client_secret_post' },
    { ...machine, client_id: 'signer', client_secret, token_endpoint_auth_method: 'client_secret_jwt' },
    { ...machine, client_id: 'keyed', token_endpoint_auth_method: 'private_key_jwt', jwks },
    { client_id: 'person', client_secret, grant_types: grants, redirect_uris: ['http://127.0.0.1/callback'], application_type: 'native', scope },
    { client_id: 'public', token_endpoint_auth_method: 'none', grant_types: grants, redirect_uris: ['http://127.0.0.1/'], application_type: 'native', scope },
  ],
  scopes: ['openid', 'offline_access', 'api'],
  features: {
    clientCredentials: { enabled: true }, deviceFlow: { enabled: true }, revocation: { enabled: true },
    introspection: { enabled: true }, devInteractions: { enabled: true },
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  ttl: { AccessToken: life, ClientCredentials: life, RefreshToken: 86400, DeviceCode: 600, Grant: 86400, IdToken: 3600, Interaction: 600, Session: 86400 },
})
const counts = { good: 0, bad: 0 }
provider.on('grant.success', () => { counts.good++ })
provider.on('grant.error', (_, error) => { if (error.error !== 'authorization_pending') counts.bad++ })
provider.on('server_error', (_, error) => console.error(error))

async function granted(clientId) {
  const grant = new provider.Grant({ accountId: 'someone', clientId })
  grant.addOIDCScope(scope)
  return grant.save()
}
const own = {
  '/_counts': async () => counts,
  '/_family': async () => {
    const client = await provider.Client.find('person')
    const token = new provider.RefreshToken({
      accountId: 'someone', client, grantId: await granted('person'), scope, gty: 'authorization_code', rotations: 0,
    })
    return { refresh_token: await token.save() }
  },
  '/_approve': async (query) => {
    const code = await provider.DeviceCode.findByUserCode(query.get('user_code').replace(/[^A-Z]/g, ''))
    Object.assign(code, { accountId: 'someone', grantId: await granted(code.clientId), scope, authTime: Math.floor(Date.now() / 1000) })
    await code.save()
    return {}
  },
}
const protocol = provider.callback()
createServer(async (request, response) => {
  const url = new URL(request.url, issuer)
  const answer = own[url.pathname]
  if (!answer) return protocol(request, response)
  try {
    response.end(JSON.stringify(await answer(url.searchParams)))
  } catch (error) {
    console.error(error)
    response.writeHead(500).end()
  }
}).listen(port, '127.0.0.1', () => console.log('ready'))
