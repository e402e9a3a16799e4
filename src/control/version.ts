/** Grows when a change is not additive; client and daemon must have the same. */
export const PROTOCOL = 1

/** Headers of every reply. */
export const VERSION_HEADER = 'wa-gateway-version'
export const PROTOCOL_HEADER = 'wa-gateway-protocol'
