/** Runs a query and throws what went wrong as a GatewayError. */
export type Query = <T>(query: () => Promise<T>) => Promise<T>
