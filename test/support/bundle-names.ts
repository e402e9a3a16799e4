/** Names of what a worker's log is made of: bundles and fences. */
export const BUNDLE = /^v1\/workers\/[^/]+\/[^/]+\/\d{12}$/
