/** Headers of every reply. */
export const VERSION_HEADER = 'wa-gateway-version'
export const PROTOCOL_HEADER = 'wa-gateway-protocol'
