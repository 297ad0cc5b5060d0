export interface Login {
  username: string
  password: string
}

/** The header `authorization` of HTTP basic authentication, RFC 7617. */
export function basicAuthorization({username, password}: Login): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}
